#include "base/secret_mask.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

namespace syncline {

namespace {

constexpr std::string_view kStars = "********";
constexpr size_t kPartBytesMin = 6;      // of base64 inside something longer
constexpr size_t kSignatureDigits = 64;  // SHA-256 in hexadecimal digits

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool is_unreserved(char c) {
  return is_word(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text, std::string_view digits) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

std::string replaced(std::string_view text, std::string_view what,
                     const std::vector<std::string_view>& with) {
  std::string result;
  for (const char c : text) {
    const size_t at = what.find(c);
    if (at == std::string_view::npos) {
      result += c;
    } else {
      result += with[at];
    }
  }
  return result;
}

std::string base64(const std::string& bytes) {
  std::string encoded((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  encoded.resize(static_cast<size_t>(length));
  return encoded;
}

// Whether what stands at this place is a word, or part of one.
bool stands_alone(const std::string& text, size_t at, size_t length) {
  const bool free_before = at == 0 || !is_word(text[at - 1]);
  const bool free_behind = at + length >= text.size() || !is_word(text[at + length]);
  return free_before && free_behind;
}

void hide(std::string& text, const std::string& form) {
  for (size_t at = text.find(form); at != std::string::npos; at = text.find(form, at)) {
    if (form.size() < SecretMask::kFreeBytesMin && !stands_alone(text, at, form.size())) {
      ++at;
      continue;
    }
    text.replace(at, form.size(), kStars);
    at += kStars.size();
  }
}

void hide_signatures(std::string& text) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end - begin == kSignatureDigits) {
      text.replace(begin, kSignatureDigits, kStars);
      end = begin + kStars.size();
    }
    begin = end + 1;
  }
}

}  // namespace

void SecretMask::add_form(std::string form) {
  if (form.empty() || std::find(forms_.begin(), forms_.end(), form) != forms_.end()) return;
  const auto place = std::find_if(forms_.begin(), forms_.end(),
                                  [&](const auto& other) { return other.size() < form.size(); });
  forms_.insert(place, std::move(form));
}

void SecretMask::add_text_forms(const std::string& text) {
  add_form(text);
  add_form(percent_encoded(text, "0123456789ABCDEF"));
  add_form(percent_encoded(text, "0123456789abcdef"));
  add_form(replaced(text, "\"\\", {"\\\"", "\\\\"}));
  add_form(replaced(text, "\"\\/", {"\\\"", "\\\\", "\\/"}));
  add_form(replaced(text, "&<>\"'", {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}));
}

// The characters that depend on the secret alone, wherever it begins in what was encoded.
void SecretMask::add_base64(std::string_view secret) {
  for (const size_t before : {0, 1, 2}) {
    const std::string encoded = base64(std::string(before, '\0').append(secret));
    const size_t from = (before * 8 + 5) / 6;
    const size_t to = (before + secret.size()) * 8 / 6;
    if (to < from + kPartBytesMin) continue;
    const std::string part = encoded.substr(from, to - from);
    add_text_forms(part);
    add_text_forms(replaced(part, "+/", {"-", "_"}));
  }
}

void SecretMask::add(std::string_view secret) {
  if (secret.empty()) return;
  add_text_forms(std::string(secret));
  add_text_forms(base64(std::string(secret)));
  add_base64(secret);
}

void SecretMask::add_login(std::string_view user, std::string_view password) {
  if (password.empty()) return;
  add(password);
  const std::string sent = base64(std::string(user).append(":").append(password));
  add_text_forms(sent);
  add_base64(sent);  // a header that was encoded once more
}

std::string SecretMask::mask_name(std::string_view name) const {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain ? std::string(name) : mask(name);
}

std::string SecretMask::mask(std::string_view text) const {
  std::string masked(text);
  for (const std::string& form : forms_) hide(masked, form);
  hide_signatures(masked);
  return masked;
}

}  // namespace syncline

#include "base/utf8_text.h"

#include <cstdint>
#include <optional>

namespace syncline {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

// How many continuation bytes follow the lead byte and the limits of the first of them, by which
// overlong forms, surrogates and what lies above U+10FFFF are told.
struct Sequence {
  size_t continuations = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
};

std::optional<Sequence> sequence_of(uint8_t lead) {
  if (lead < 0xc2 || lead > 0xf4) return std::nullopt;
  if (lead < 0xe0) return Sequence{1};
  if (lead == 0xe0) return Sequence{2, 0xa0, 0xbf};
  if (lead == 0xed) return Sequence{2, 0x80, 0x9f};
  if (lead < 0xf0) return Sequence{2};
  if (lead == 0xf0) return Sequence{3, 0x90, 0xbf};
  if (lead == 0xf4) return Sequence{3, 0x80, 0x8f};
  return Sequence{3};
}

// Length of the character at the front of the text, 0 if it is not one.
size_t character_size(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const auto sequence = sequence_of(lead);
  if (!sequence || text.size() <= sequence->continuations) return 0;
  const auto second = static_cast<uint8_t>(text[1]);
  if (second < sequence->low || second > sequence->high) return 0;
  for (size_t i = 2; i <= sequence->continuations; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0U) != 0x80) return 0;
  }
  return sequence->continuations + 1;
}

// The byte of which "\xE9" at the front of the text is the form.
std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 4 || !text.starts_with("\\x")) return std::nullopt;
  const size_t high = kHexDigits.find(text[2]);
  const size_t low = kHexDigits.find(text[3]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<char>(high << 4U | low);
}

bool holds_escape(std::string_view text) {
  for (size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 1)) {
    if (escaped_byte(text.substr(at))) return true;
  }
  return false;
}

}  // namespace

size_t find_not_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = character_size(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return std::string_view::npos;
}

std::string printable(std::string_view text) {
  if (find_not_utf8(text) == std::string_view::npos && !holds_escape(text))
    return std::string(text);
  std::string shown;
  while (!text.empty()) {
    const size_t size = character_size(text);
    if (size == 0) {
      const auto byte = static_cast<uint8_t>(text[0]);
      shown.append("\\x").push_back(kHexDigits[byte >> 4U]);
      shown.push_back(kHexDigits[byte & 0xfU]);
    } else if (text[0] == '\\') {
      shown.append("\\\\");
    } else {
      shown.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return shown;
}

std::string from_printable(std::string_view shown) {
  std::string text;
  for (std::string_view rest = shown; !rest.empty();) {
    if (const auto byte = escaped_byte(rest)) {
      text.push_back(*byte);
      rest.remove_prefix(4);
      continue;
    }
    text.push_back(rest[0]);
    rest.remove_prefix(rest.starts_with("\\\\") ? 2 : 1);
  }
  return printable(text) == shown ? text : std::string(shown);
}

}  // namespace syncline

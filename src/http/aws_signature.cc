#include "http/aws_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <map>
#include <string_view>

namespace syncline::http {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kScopeEnd = "aws4_request";
constexpr size_t kDayLength = 8;  // of 20150830T123600Z

std::string hexadecimal(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), sum.data(), &length, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(sum.data()), length};
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum.data(), &length);
  return {reinterpret_cast<const char*>(sum.data()), length};
}

std::string encode(std::string_view text, std::string_view kept) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && std::isalnum(byte) != 0;
    if (plain || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Without "//", "." and "..", and encoded once more.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : split(path, '/')) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string canonical;
  for (const std::string_view segment : kept) canonical += "/" + encode(segment, "-_.~");
  if (canonical.empty() || path.ends_with('/')) canonical += '/';
  return canonical;
}

// Sorted by name and value; what is encoded already stays as it is.
std::string canonical_query(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string_view parameter : split(query, '&')) {
    const size_t equals = std::min(parameter.find('='), parameter.size());
    const size_t value = std::min(equals + 1, parameter.size());
    parameters.emplace_back(encode(parameter.substr(0, equals), "-_.~%"),
                            encode(parameter.substr(value), "-_.~%"));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical += (canonical.empty() ? "" : "&") + name + "=" + value;
  }
  return canonical;
}

// Blanks around it cut, runs of blanks inside made one.
std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      canonical += c;
    } else if (!canonical.empty() && canonical.back() != ' ') {
      canonical += ' ';
    }
  }
  if (canonical.ends_with(' ')) canonical.pop_back();
  return canonical;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(const AwsHeaders& headers) {
  std::map<std::string, std::string> by_name;
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto [entry, is_new] = by_name.try_emplace(std::move(lower));
    entry->second += (is_new ? "" : ",") + canonical_value(value);
  }
  CanonicalHeaders canonical;
  for (const auto& [name, value] : by_name) {
    canonical.lines += name + ":" + value + "\n";
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
  }
  return canonical;
}

std::string amz_date(int64_t wall_time_us) {
  const std::time_t seconds = wall_time_us / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), length};
}

}  // namespace

AwsHeaders sign_for_aws(AwsRequest request, const AwsCredentials& credentials,
                        const AwsScope& scope, int64_t wall_time_us) {
  const std::string date = amz_date(wall_time_us);
  const std::string day = date.substr(0, kDayLength);
  AwsHeaders added = {{"X-Amz-Date", date}};
  if (!credentials.session_token.empty()) {
    added.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  request.headers.insert(request.headers.end(), added.begin(), added.end());
  const CanonicalHeaders headers = canonical_headers(request.headers);

  const std::string_view target = request.target;
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  const std::string canonical = request.method + "\n" + canonical_path(target.substr(0, mark)) +
                                "\n" + canonical_query(query) + "\n" + headers.lines + "\n" +
                                headers.names + "\n" + hexadecimal(sha256(request.body));

  const std::string scope_text =
      day + "/" + scope.region + "/" + scope.service + "/" + std::string(kScopeEnd);
  const std::string to_sign = std::string(kAlgorithm) + "\n" + date + "\n" + scope_text + "\n" +
                              hexadecimal(sha256(canonical));
  std::string key = "AWS4" + credentials.secret_access_key;
  for (const std::string_view part : {std::string_view(day), std::string_view(scope.region),
                                      std::string_view(scope.service), kScopeEnd}) {
    key = hmac_sha256(key, part);
  }
  added.emplace_back("Authorization", std::string(kAlgorithm) +
                                          " Credential=" + credentials.access_key_id + "/" +
                                          scope_text + ", SignedHeaders=" + headers.names +
                                          ", Signature=" + hexadecimal(hmac_sha256(key, to_sign)));
  return added;
}

}  // namespace syncline::http

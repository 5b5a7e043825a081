#include "http/url.h"

namespace syncline::http {

namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

std::string base_url(const TargetSpec& target) {
  std::string_view url = target.url;
  while (url.ends_with('/')) url.remove_suffix(1);
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t prefix = url.find('/', host);
  std::string base(scheme == std::string_view::npos ? "http://" : "");
  base += url.substr(0, prefix);
  base += ':' + std::to_string(target.port);
  if (prefix != std::string_view::npos) base += url.substr(prefix);
  return base;
}

}  // namespace syncline::http

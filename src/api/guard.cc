#include "api/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace syncline::api {

namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

// "localhost:5461" and "[::1]:5461" without the port; brackets are cut as well.
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

// A page is our own if it came from the very host and port that it now asks. A browser leaves the
// scheme's default port out of both; a TLS proxy before us makes the scheme https.
bool is_own_origin(std::string_view origin, std::string_view host) {
  const size_t separator = origin.find("://");
  if (separator == std::string_view::npos) return false;  // "null" and the like
  const std::string scheme = lower(origin.substr(0, separator));
  if (scheme != "http" && scheme != "https") return false;
  return !host.empty() && lower(origin.substr(separator + 3)) == lower(host);
}

// Takes as long for a wrong text as for the right one, whatever part of it is right.
bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | (given[i] ^ expected));
  }
  return difference == 0;
}

}  // namespace

bool is_loopback_name(std::string_view host) {
  const std::string name = lower(host);
  if (name == "localhost") return true;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (::inet_pton(AF_INET, name.c_str(), address.data()) == 1) return address[0] == 127;
  if (::inet_pton(AF_INET6, name.c_str(), address.data()) != 1) return false;
  return std::count(address.begin(), address.end() - 1, 0) == 15 && address[15] == 1;
}

std::optional<Answer> Guard::refuse(const IncomingRequest& request, bool open_path) const {
  const std::string_view host = request.header_count("Host") == 1 ? request.header("Host") : "";
  for (size_t i = 0; i < request.header_count("Origin"); ++i) {
    if (is_own_origin(request.header("Origin", i), host)) continue;
    return answer_error(403, "forbidden_origin", "requests of pages of another origin are refused");
  }
  if (token_.empty()) {
    if (is_loopback_name(without_port(host))) return std::nullopt;
    return answer_error(403, "forbidden_origin",
                        "without SYNCLINE_API_TOKEN only requests to localhost are served");
  }
  if (open_path || knows_token(request)) return std::nullopt;
  Answer answer = answer_error(401, "unauthorized", "the header Authorization: Bearer … is needed");
  answer.headers["WWW-Authenticate"] = "Bearer";
  return answer;
}

bool Guard::knows_token(const IncomingRequest& request) const {
  constexpr std::string_view kScheme = "bearer ";
  if (request.header_count("Authorization") != 1) return false;
  const std::string_view given = request.header("Authorization");
  if (given.size() <= kScheme.size() || lower(given.substr(0, kScheme.size())) != kScheme)
    return false;
  return equal_in_constant_time(given.substr(kScheme.size()), token_);
}

}  // namespace syncline::api

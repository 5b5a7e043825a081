#include "api/incoming_request.h"

#include <algorithm>

namespace syncline::api {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool parse_request_line(std::string_view line, IncomingRequest& request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  request.method = line.substr(0, first);
  request.target = target;
  return is_token(request.method) && !target.empty() &&
         target.find_first_of(" \t") == std::string_view::npos &&
         (version == "HTTP/1.1" || version == "HTTP/1.0");
}

bool parse_header(std::string_view line, IncomingRequest& request) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  request.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  return true;
}

std::string form_decoded(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return percent_decoded(blanks);
}

}  // namespace

size_t IncomingRequest::header_count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(headers.begin(), headers.end(), [&](const auto& header) {
    return equals_ignoring_case(header.first, name);
  }));
}

std::string_view IncomingRequest::header(std::string_view name, size_t n) const {
  for (const auto& [found, value] : headers) {
    if (equals_ignoring_case(found, name) && n-- == 0) return value;
  }
  return {};
}

std::string_view IncomingRequest::path() const {
  return std::string_view(target).substr(0, target.find_first_of("?#"));
}

control::QueryParameters IncomingRequest::query() const {
  control::QueryParameters parameters;
  std::string_view rest = std::string_view(target).substr(0, target.find('#'));
  const size_t mark = rest.find('?');
  if (mark == std::string_view::npos) return parameters;
  rest.remove_prefix(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const size_t equals = pair.find('=');
    if (pair.empty()) continue;
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    parameters.emplace(form_decoded(pair.substr(0, equals)), form_decoded(value));
  }
  return parameters;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool whole = text[at] == '%' && text.size() - at > 2;
    const int high = whole ? hexadecimal_digit(text[at + 1]) : -1;
    const int low = whole ? hexadecimal_digit(text[at + 2]) : -1;
    if (high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<IncomingRequest> parse_head(std::string_view head) {
  IncomingRequest request;
  for (bool first = true;; first = false) {
    const size_t end = head.find(kLineEnd);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kLineEnd.size());
    if (line.empty()) return first || !head.empty() ? std::nullopt : std::optional(request);
    if (!(first ? parse_request_line(line, request) : parse_header(line, request)))
      return std::nullopt;
  }
}

}  // namespace syncline::api

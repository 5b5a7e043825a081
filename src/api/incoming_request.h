// IncomingRequest: one request as it was read. Plain data, and the pure functions that decode it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/failure_json.h"

namespace syncline::api {

struct IncomingRequest {
  std::string method;
  std::string target;  // as it was sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  size_t header_count(std::string_view name) const;
  // The n-th of that name; empty if there is none.
  std::string_view header(std::string_view name, size_t n = 0) const;

  // As it was sent: percent-encoded, so that a segment may hold a slash.
  std::string_view path() const;
  // What stands behind the question mark, decoded.
  control::QueryParameters query() const;
};

// "%2F" → "/". A percent sign that begins nothing stands for itself.
std::string percent_decoded(std::string_view text);

bool equals_ignoring_case(std::string_view a, std::string_view b);

// The request line and the headers of `head`, which ends with an empty line; nothing if they are
// not proper HTTP/1.0 or 1.1. Strict where leniency lets two readers see two requests: lines end
// with CR LF, no line is folded, a name is followed by its colon.
std::optional<IncomingRequest> parse_head(std::string_view head);

}  // namespace syncline::api

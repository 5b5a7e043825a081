// RequestHandler: from an HTTP request to its answer: guard, path, method, size, content type,
// JSON, command.
//
// Owner: ApiServer. Thread-safe: immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/guard.h"
#include "api/http_library.h"
#include "api/router.h"

namespace syncline {

inline constexpr size_t kBodyBytesMax = size_t{1} << 20;

class RequestHandler {
 public:
  RequestHandler(Router router, Guard guard)
      : router_(std::move(router)), guard_(std::move(guard)) {}

  // What can be said from the request line and the headers alone: every refusal of those, and the
  // whole answer where there is no body to read. Nothing: read the body and call with_body().
  std::optional<Answer> without_body(const httplib::Request& request) const;

  // Precondition: without_body() gave nothing for this request.
  Answer with_body(const httplib::Request& request, std::string_view body) const;

 private:
  Router router_;
  Guard guard_;
};

}  // namespace syncline

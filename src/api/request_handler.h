// RequestHandler: from an HTTP request to its answer: guard, path, method, size, content type,
// JSON, command.
//
// Owner: ApiServer. Thread-safe: immutable after construction.
#pragma once

#include <optional>
#include <string>

#include "api/guard.h"
#include "api/incoming_request.h"
#include "api/request_reader.h"
#include "api/router.h"

namespace syncline::api {

class RequestHandler {
 public:
  RequestHandler(Router router, Guard guard)
      : router_(std::move(router)), guard_(std::move(guard)) {}

  // What the request line and the headers alone say. Computes nothing and waits for nothing.
  struct Verdict {
    std::optional<Answer> refusal;   // what the request gets, or else:
    std::optional<BodyLength> body;  // what is to be read before answer(); nothing: nothing
    Effort effort = Effort::none;    // of answer()
  };
  Verdict judge(const IncomingRequest& request) const;

  // Does what is asked. Precondition: judge() did not refuse it, and the body is complete.
  Answer answer(const IncomingRequest& request) const;

 private:
  Router router_;
  Guard guard_;
};

}  // namespace syncline::api

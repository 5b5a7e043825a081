// Guard: who may ask: no page of another site, without a token only this machine, and with one only
// who knows it.
//
// Owner: ApiServer. Immutable, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/answer.h"
#include "api/incoming_request.h"

namespace syncline::api {

// "localhost", an address of 127.0.0.0/8, or ::1, without brackets and port.
bool is_loopback_name(std::string_view host);

class Guard {
 public:
  // An empty token: none is asked for.
  explicit Guard(std::string token) : token_(std::move(token)) {}

  // The refusal, or nothing if the request may go on. `open_path`: a path that needs no token.
  std::optional<Answer> refuse(const IncomingRequest& request, bool open_path) const;

 private:
  bool knows_token(const IncomingRequest& request) const;

  std::string token_;
};

}  // namespace syncline::api

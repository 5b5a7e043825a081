// Answer: what a REST call gives back. Plain data and pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/outcome.h"

namespace syncline::api {

struct Answer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers;  // beside those of every answer
};

// The body as it is.
Answer answer_json(int status, const control::Json& body);
// {"result": true, "data": …}
Answer answer_data(int status, control::Json data);
// {"result": false, "data": "<one sentence>", "error": {"code", "details"}}
Answer answer_error(int status, std::string_view code, const std::string& message,
                    const std::vector<control::Fault>& details = {});
Answer answer_refusal(const control::Refusal& refusal);
// For what is wrong with a request before anybody knows what it asks for.
Answer answer_http_error(int status);

// The whole response; the last one of its connection.
std::string http_text(const Answer& answer, bool with_body);

}  // namespace syncline::api

// ClusterCall: one administrative request with JSON in and out, and what its failure asks for.
//
// Used by IndexAdmin. Blocks (at most the HTTP client's 30 s). Any thread but the HTTP loop's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "http/http_client.h"

namespace syncline::index {

struct ClusterCall {
  std::string method;
  std::string path;       // percent-encoded, with its query
  nlohmann::json body;    // null: none
  std::string doing;      // for messages: "create index \"orders\""
  std::string privilege;  // that a refusal by 401 or 403 lacks: "create_index on index \"orders\""
  bool large_answer = false;
  size_t answer_bytes_max = http::kResponseBytesMax;
};

// The code of an error which says that the answer was larger than that: ask for less.
inline constexpr const char* kAnswerTooLarge = "answer_too_large";

struct ClusterAnswer {
  int status = 0;
  nlohmann::json body;                  // of a success; of a 4xx its error, if it is JSON
  const SecretMask* secrets = nullptr;  // cut out of the texts below

  // error.type and error.reason with its first cause, or empty.
  std::string error_type() const;
  std::string error_reason() const;

 private:
  std::string given_reason() const;
};

// The answer as it came, for those who must not have its numbers converted; else as ask().
struct RawAnswer {
  int status = 0;
  std::string body;
};
Result<RawAnswer> ask_raw(http::HttpClient& http, const ClusterCall& call);
// An answer below 500 that is neither 401, 403 nor 429; all others, and no answer, become errors.
Result<ClusterAnswer> ask(http::HttpClient& http, const ClusterCall& call);
// As above; 4xx become errors too.
Result<nlohmann::json> demand(http::HttpClient& http, const ClusterCall& call);
// The error that a 4xx answer means unless its caller knows better. A missing index is worth a
// retry: it is looked for, and made, before anything else is done.
Error refusal(const ClusterCall& call, const ClusterAnswer& answer);

}  // namespace syncline::index

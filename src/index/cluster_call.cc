#include "index/cluster_call.h"

#include <utility>

#include "base/log.h"
#include "index/answer_json.h"

namespace syncline::index {

namespace {

using nlohmann::json;

http::HttpRequest make_request(const ClusterCall& call) {
  http::HttpRequest request;
  request.method = call.method;
  request.path = call.path;
  request.gzip = call.large_answer;
  request.answer_bytes_max = call.answer_bytes_max;
  if (!call.body.is_null()) {
    // Bad UTF-8 is replaced instead of thrown at us.
    request.body = call.body.dump(-1, ' ', false, json::error_handler_t::replace);
    request.content_type = "application/json";
  }
  return request;
}

}  // namespace

std::string ClusterAnswer::error_type() const {
  const std::string type = answer_text(answer_at(body, {"error", "type"}));
  return secrets == nullptr ? type : secrets->mask_name(type);
}

std::string ClusterAnswer::error_reason() const {
  const std::string reason = given_reason();
  return secrets == nullptr ? reason : secrets->mask(reason);
}

std::string ClusterAnswer::given_reason() const {
  std::string reason = answer_text(answer_at(body, {"error", "reason"}));
  const std::string below = answer_text(answer_at(body, {"error", "caused_by", "reason"}));
  if (!below.empty() && reason.find(below) == std::string::npos) reason += ": " + below;
  return reason;
}

Result<RawAnswer> ask_raw(http::HttpClient& http, const ClusterCall& call) {
  http::HttpResponse response = http.call(make_request(call));
  if (response.too_large)
    return Error::retry("cannot " + call.doing + ": " + response.failure, Origin::cluster,
                        kAnswerTooLarge);
  if (response.status == 0)
    return Error::retry("cannot " + call.doing + ": the cluster is not reachable: " +
                            http.secrets().mask(response.failure),
                        Origin::cluster);
  RawAnswer raw{response.status, std::move(response.body)};
  if (raw.status < 400) return raw;
  const std::string code = std::to_string(raw.status);
  const ClusterAnswer answer{raw.status, parse_answer(raw.body), &http.secrets()};
  const std::string reason = mask_values(answer.error_reason());
  if (raw.status == 401)
    return Error::needs_person("cannot " + call.doing +
                                   ": the cluster refuses the credentials (401); " +
                                   "they must be valid and hold the privilege " + call.privilege,
                               Origin::cluster, code);
  if (raw.status == 403)
    return Error::needs_person("cannot " + call.doing + ": it needs the privilege " +
                                   call.privilege + " and an index that is not blocked (403 " +
                                   reason + ")",
                               Origin::cluster, code);
  if (raw.status == 429 || raw.status >= 500)
    return Error::retry("cannot " + call.doing + ": the cluster answered " + code + " " + reason,
                        Origin::cluster, code);
  return raw;
}

Result<ClusterAnswer> ask(http::HttpClient& http, const ClusterCall& call) {
  SYNCLINE_ASSIGN(const RawAnswer raw, ask_raw(http, call));
  return ClusterAnswer{raw.status, parse_answer(raw.body), &http.secrets()};
}

Result<json> demand(http::HttpClient& http, const ClusterCall& call) {
  SYNCLINE_ASSIGN(ClusterAnswer answer, ask(http, call));
  if (answer.status >= 300) return refusal(call, answer);
  if (!answer.body.is_object())
    return Error::retry("cannot " + call.doing + ": the cluster's answer was not understood",
                        Origin::cluster);
  const auto acknowledged = answer.body.find("acknowledged");
  if (acknowledged != answer.body.end() && *acknowledged == false)
    return Error::retry("cannot " + call.doing + ": not all nodes acknowledged it in time",
                        Origin::cluster);
  return std::move(answer.body);
}

Error refusal(const ClusterCall& call, const ClusterAnswer& answer) {
  const std::string code = std::to_string(answer.status);
  const std::string message = "cannot " + call.doing + ": the cluster answered " + code + " " +
                              answer.error_type() + ": " + mask_values(answer.error_reason());
  if (answer.status == 404) return Error::retry(message, Origin::cluster, code);
  return Error::needs_person(message, Origin::cluster, code);
}

}  // namespace syncline::index

#include "api/request_handler.h"

#include <exception>
#include <utility>

#include "api/routes.h"
#include "base/log.h"

namespace syncline::api {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "application/json", parameters such as charset left aside.
bool is_json(const IncomingRequest& request) {
  const std::string_view type = request.header("Content-Type");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

Answer run(const Endpoint& endpoint, const Call& call) {
  try {
    return endpoint.handler(call);
  } catch (const std::exception& e) {
    spdlog::error("a request failed: {}", e.what());
  } catch (...) {
    spdlog::error("a request failed for an unknown reason");
  }
  return answer_http_error(500);
}

Answer invalid_body(std::string message) {
  control::Faults faults;
  faults.add("", std::move(message));
  return answer_refusal(control::invalid(faults));
}

// The refusal of a body that cannot be taken, as its headers announce it.
std::optional<Answer> refuse_body(const IncomingRequest& request, const BodyLength& length) {
  if (length.bytes > kBodyBytesMax) return answer_http_error(413);
  if (!length.chunked && length.bytes == 0) return std::nullopt;
  if (!is_json(request)) {
    return answer_error(415, "unsupported_media_type", "the body must be application/json");
  }
  const std::string_view encoding = request.header("Content-Encoding");
  if (!encoding.empty() && !equals_ignoring_case(encoding, "identity")) {
    return answer_error(415, "unsupported_media_type", "the body must not be compressed");
  }
  return std::nullopt;
}

}  // namespace

RequestHandler::Verdict RequestHandler::judge(const IncomingRequest& request) const {
  Verdict verdict;
  verdict.refusal = guard_.refuse(request, is_open_path(percent_decoded(request.path())));
  if (verdict.refusal) return verdict;
  Router::Match match = router_.find(request.method, request.path());
  if (match.endpoint == nullptr) {
    verdict.refusal = std::move(match.refusal);
    return verdict;
  }
  verdict.effort = match.endpoint->effort;
  const BodyLength length = body_length(request);
  if (!length.proper) verdict.refusal = answer_http_error(400);
  if (verdict.refusal || match.endpoint->body == BodyRule::none) return verdict;
  verdict.refusal = refuse_body(request, length);
  if (!verdict.refusal && (length.chunked || length.bytes > 0)) verdict.body = length;
  return verdict;
}

Answer RequestHandler::answer(const IncomingRequest& request) const {
  Router::Match match = router_.find(request.method, request.path());
  if (match.endpoint == nullptr) return match.refusal;
  const BodyRule rule = match.endpoint->body;
  Call call{std::move(match.name), std::move(match.id), request.query(), nullptr};
  if (rule == BodyRule::none) return run(*match.endpoint, call);
  if (request.body.empty()) {
    if (rule == BodyRule::required) return invalid_body("is empty, it must be a JSON object");
    return run(*match.endpoint, call);
  }
  auto parsed = control::parse_json(request.body);
  if (!parsed.ok()) return invalid_body("cannot be read: " + parsed.error().message);
  call.body = std::move(parsed).value();
  if (rule == BodyRule::optional && call.body != control::Json::object())
    return invalid_body("must be left out or be {}");
  return run(*match.endpoint, call);
}

}  // namespace syncline::api

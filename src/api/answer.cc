#include "api/answer.h"

#include <utility>

namespace syncline {

Answer answer_body(Json body) {
  return {200, std::move(body), {}};
}

Answer answer_data(int status, Json data) {
  return {status, {{"result", true}, {"data", std::move(data)}}, {}};
}

Answer answer_error(int status, std::string_view code, const std::string& message,
                    const std::vector<Fault>& details) {
  Json list = Json::array();
  for (const Fault& fault : details) {
    list.push_back(Json{{"path", fault.path}, {"message", fault.message}});
  }
  return {status,
          {{"result", false},
           {"data", message},
           {"error", {{"code", code}, {"details", std::move(list)}}}},
          {}};
}

Answer answer_refusal(const Refusal& refusal) {
  switch (refusal.code) {
    case RefusalCode::invalid:
      return answer_error(400, "invalid", refusal.message, refusal.details);
    case RefusalCode::not_found:
      return answer_error(404, "not_found", refusal.message, refusal.details);
    case RefusalCode::exists:
      return answer_error(409, "exists", refusal.message, refusal.details);
    case RefusalCode::in_use:
      return answer_error(409, "in_use", refusal.message, refusal.details);
    case RefusalCode::internal:
      break;
  }
  return answer_error(500, "internal", refusal.message, refusal.details);
}

Answer answer_http_error(int status) {
  if (status == 404) return answer_error(404, "not_found", "there is no such path");
  if (status == 413) return answer_error(413, "too_large", "the body is larger than 1 MiB");
  if (status >= 500) return answer_error(status, "internal", "a fault of Syncline, see its log");
  return answer_error(status, "invalid", "the request is not proper HTTP, or not all of it came");
}

}  // namespace syncline

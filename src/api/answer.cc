#include "api/answer.h"

#include <utility>

namespace syncline::api {

namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

}  // namespace

Answer answer_json(int status, const control::Json& body) {
  return {status, "application/json", control::json_text(body), {}};
}

Answer answer_data(int status, control::Json data) {
  return answer_json(status, {{"result", true}, {"data", std::move(data)}});
}

Answer answer_error(int status, std::string_view code, const std::string& message,
                    const std::vector<control::Fault>& details) {
  control::Json list = control::Json::array();
  for (const control::Fault& fault : details) {
    list.push_back(control::Json{{"path", fault.path}, {"message", fault.message}});
  }
  return answer_json(status, {{"result", false},
                              {"data", message},
                              {"error", {{"code", code}, {"details", std::move(list)}}}});
}

Answer answer_refusal(const control::Refusal& refusal) {
  switch (refusal.code) {
    case control::RefusalCode::invalid:
      return answer_error(400, "invalid", refusal.message, refusal.details);
    case control::RefusalCode::not_found:
      return answer_error(404, "not_found", refusal.message, refusal.details);
    case control::RefusalCode::exists:
      return answer_error(409, "exists", refusal.message, refusal.details);
    case control::RefusalCode::in_use:
      return answer_error(409, "in_use", refusal.message, refusal.details);
    case control::RefusalCode::internal:
      break;
  }
  return answer_error(500, "internal", refusal.message, refusal.details);
}

Answer answer_http_error(int status) {
  if (status == 404) return answer_error(404, "not_found", "there is no such path");
  if (status == 413) return answer_error(413, "too_large", "the body is larger than 1 MiB");
  if (status == 414 || status == 431) {
    return answer_error(status, "invalid", "the request line or the headers are too long");
  }
  if (status == 503) {
    Answer answer = answer_error(503, "overloaded", "too many requests are waiting: try again");
    answer.headers["Retry-After"] = "1";
    return answer;
  }
  if (status >= 500) return answer_error(status, "internal", "a fault of Syncline, see its log");
  return answer_error(status, "invalid", "the request is not proper HTTP, or not all of it came");
}

std::string http_text(const Answer& answer, bool with_body) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += reason_phrase(answer.status);
  text += "\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  text += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  text += "Content-Type: " + answer.content_type + "\r\n";
  text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
  if (!with_body) return text;
  text.reserve(text.size() + answer.body.size());
  return text.append(answer.body);
}

}  // namespace syncline::api

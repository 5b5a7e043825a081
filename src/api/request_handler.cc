#include "api/request_handler.h"

#include <algorithm>
#include <cctype>
#include <exception>
#include <utility>

#include "api/routes.h"
#include "base/log.h"

namespace syncline {

namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "application/json", parameters such as charset left aside.
bool is_json(const httplib::Request& request) {
  const std::string type = request.get_header_value("Content-Type");
  return equals_ignoring_case(trim(std::string_view(type).substr(0, type.find(';'))),
                              "application/json");
}

// How long the body is, as far as the headers tell.
struct BodyLength {
  bool proper = true;
  bool chunked = false;
  size_t bytes = 0;  // above kBodyBytesMax: too large, however much
};

BodyLength body_length(const httplib::Request& request) {
  BodyLength length;
  const size_t encodings = request.get_header_value_count("Transfer-Encoding");
  const size_t lengths = request.get_header_value_count("Content-Length");
  if (encodings + lengths > 1) return {false, false, 0};
  if (encodings == 1) {
    length.chunked = true;
    length.proper = equals_ignoring_case(request.get_header_value("Transfer-Encoding"), "chunked");
  }
  if (lengths == 1) {
    const std::string text = request.get_header_value("Content-Length");
    length.proper = !text.empty();
    for (const char c : text) {
      if (c < '0' || c > '9') return {false, false, 0};
      length.bytes = std::min(length.bytes * 10 + static_cast<size_t>(c - '0'), kBodyBytesMax + 1);
    }
  }
  return length;
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
  Faults faults;
  faults.add("", std::move(message));
  return answer_refusal(invalid(faults));
}

// The refusal of a body that cannot be taken, as its headers announce it.
std::optional<Answer> refuse_body(const httplib::Request& request, const BodyLength& length) {
  if (!length.proper) return answer_http_error(400);
  if (length.bytes > kBodyBytesMax) return answer_http_error(413);
  if (!length.chunked && length.bytes == 0) return std::nullopt;
  if (!is_json(request)) {
    return answer_error(415, "unsupported_media_type", "the body must be application/json");
  }
  const std::string encoding = request.get_header_value("Content-Encoding");
  if (!encoding.empty() && !equals_ignoring_case(encoding, "identity")) {
    return answer_error(415, "unsupported_media_type", "the body must not be compressed");
  }
  return std::nullopt;
}

// The path as it was sent: the library's own is decoded, and knows no slash inside a segment.
std::string_view sent_path(const httplib::Request& request) {
  return std::string_view(request.target).substr(0, request.target.find_first_of("?#"));
}

Call make_call(const httplib::Request& request, Router::Match& match) {
  return {std::move(match.name), std::move(match.id), request.params, nullptr};
}

}  // namespace

std::optional<Answer> RequestHandler::without_body(const httplib::Request& request) const {
  if (auto refusal = guard_.refuse(request, is_open_path(request.path))) return refusal;
  Router::Match match = router_.find(request.method, sent_path(request));
  if (match.endpoint == nullptr) return std::move(match.refusal);
  if (match.endpoint->body == BodyRule::none) {
    return run(*match.endpoint, make_call(request, match));
  }
  const BodyLength length = body_length(request);
  if (auto refusal = refuse_body(request, length)) return refusal;
  if (length.chunked || length.bytes > 0) return std::nullopt;
  return with_body(request, "");
}

Answer RequestHandler::with_body(const httplib::Request& request, std::string_view body) const {
  Router::Match match = router_.find(request.method, sent_path(request));
  if (match.endpoint == nullptr) return match.refusal;
  const BodyRule rule = match.endpoint->body;
  Call call = make_call(request, match);
  if (body.empty()) {
    if (rule == BodyRule::required) return invalid_body("is empty, it must be a JSON object");
    return run(*match.endpoint, call);
  }
  auto parsed = parse_json(body);
  if (!parsed.ok()) return invalid_body("cannot be read: " + parsed.error().message);
  call.body = std::move(parsed).value();
  if (rule == BodyRule::optional && call.body != Json::object())
    return invalid_body("must be left out or be {}");
  return run(*match.endpoint, call);
}

}  // namespace syncline

#include "api/router.h"

#include <optional>
#include <utility>

#include "api/incoming_request.h"

namespace syncline::api {

namespace {

constexpr std::string_view kVersionPrefix = "/v1";
constexpr std::string_view kNameSegment = ":name";
constexpr std::string_view kIdSegment = ":id";
// Above the longest name of a resource; a longer one is that of nothing.
constexpr size_t kNameBytesMax = 100;

// "/jobs/a%2Fb" → "jobs", "a/b". A path that does not begin with a slash has no segments.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.starts_with('/')) return segments;
  for (;;) {
    path.remove_prefix(1);
    const size_t end = path.find('/');
    segments.push_back(percent_decoded(path.substr(0, end)));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end);
  }
}

struct Variables {
  std::string name, id;
};

// What stands for the variables in the path; nothing if the pattern does not fit.
std::optional<Variables> match(const std::vector<std::string>& pattern,
                               const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Variables variables;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == kNameSegment && !path[i].empty() && path[i].size() <= kNameBytesMax) {
      variables.name = path[i];
    } else if (pattern[i] == kIdSegment) {
      variables.id = path[i];
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return variables;
}

template <typename Methods>
std::string allowed(const Methods& methods) {
  std::string list;
  for (const auto& [method, endpoint] : methods) {
    if (!list.empty()) list += ", ";
    list += method;
    if (method == "GET") list += ", HEAD";
  }
  return list;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, BodyRule body,
                 CallHandler handler, Effort effort) {
  std::vector<std::string> segments = split_path(pattern);
  for (Route& route : routes_) {
    if (route.segments == segments) {
      route.methods[std::string(method)] = {body, std::move(handler), effort};
      return;
    }
  }
  Route route{std::move(segments), {}};
  route.methods[std::string(method)] = {body, std::move(handler), effort};
  routes_.push_back(std::move(route));
}

Router::Match Router::find(const std::string& method, std::string_view path) const {
  if (path.starts_with(kVersionPrefix) && path.substr(kVersionPrefix.size()).starts_with('/')) {
    path.remove_prefix(kVersionPrefix.size());
  }
  const std::vector<std::string> segments = split_path(path);
  std::map<std::string, Endpoint> others;
  for (const Route& route : routes_) {
    auto variables = match(route.segments, segments);
    if (!variables) continue;
    const auto found = route.methods.find(method == "HEAD" ? "GET" : method);
    if (found != route.methods.end()) {
      return {&found->second, std::move(variables->name), std::move(variables->id), {}};
    }
    others.insert(route.methods.begin(), route.methods.end());
  }
  if (others.empty()) {
    return {nullptr, {}, {}, answer_error(404, "not_found", "there is no such path")};
  }
  Answer refusal =
      answer_error(405, "method_not_allowed", "this path does not take the method " + method);
  refusal.headers["Allow"] = allowed(others);
  return {nullptr, {}, {}, std::move(refusal)};
}

}  // namespace syncline::api

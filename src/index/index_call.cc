#include "index/index_call.h"

#include <utility>

#include "http/url.h"
#include "index/answer_json.h"

namespace syncline::index {

using nlohmann::json;

ClusterCall index_call(const std::string& index, std::string method, const std::string& suffix,
                       const std::string& doing, const std::string& privilege) {
  const std::string quoted = "index \"" + index + "\"";
  return {std::move(method),
          "/" + http::percent_encode(index) + suffix,
          {},
          doing + " " + quoted,
          privilege + " on " + quoted,
          false};
}

Result<json> only_index(const std::string& name, const json& answer) {
  const json& indices = answer_object(answer);
  if (indices.size() > 1)
    return Error::needs_person("\"" + name + "\" is an alias of " + std::to_string(indices.size()) +
                                   " indices: name one index, or an alias of one",
                               Origin::cluster);
  if (indices.empty())
    return Error::retry("the cluster did not describe index \"" + name + "\"", Origin::cluster);
  return answer_object(indices.begin().value());
}

Result<json> read_mapping(http::HttpClient& http, const std::string& index) {
  SYNCLINE_ASSIGN(const json answer,
                  demand(http, index_call(index, "GET", "/_mapping", "read the mapping of",
                                          "view_index_metadata")));
  SYNCLINE_ASSIGN(const json only, only_index(index, answer));
  return answer_object(answer_at(only, {"mappings"}));
}

Status write_meta(http::HttpClient& http, const std::string& index, json meta) {
  auto call = index_call(index, "PUT", "/_mapping", "write the mapping of", "manage");
  call.body = {{"_meta", std::move(meta)}};
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http, call));
  return {};
}

Status write_settings(http::HttpClient& http, const std::string& index, json settings) {
  auto call = index_call(index, "PUT", "/_settings", "change the settings of", "manage");
  call.body = std::move(settings);
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http, call));
  return {};
}

}  // namespace syncline::index

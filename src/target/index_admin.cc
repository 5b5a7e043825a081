#include "target/index_admin.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "target/cluster_call.h"
#include "target/index_mapping.h"
#include "target/url.h"

namespace syncline {

namespace {

using nlohmann::json;

constexpr auto kOurs = "syncline";     // our key in mapping _meta
constexpr auto kLoadNote = "loading";  // below it: the settings to put back after a load
constexpr auto kScrollKept = "5m";

// What a load changes; the note holds the original of each, null where there was none.
const json& load_settings() {
  static const json settings{{"index.refresh_interval", "-1"}, {"index.number_of_replicas", "0"}};
  return settings;
}

// The value at a path of keys, or null.
const json& at(const json& value, std::initializer_list<const char*> path) {
  static const json none;
  const json* level = &value;
  for (const char* key : path) {
    if (!level->is_object()) return none;
    const auto found = level->find(key);
    if (found == level->end()) return none;
    level = &*found;
  }
  return *level;
}

std::string text(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}
json object(const json& value) {
  return value.is_object() ? value : json::object();
}

ClusterCall call_for(const std::string& index, std::string method, const std::string& suffix,
                     const std::string& doing, const std::string& privilege) {
  const std::string quoted = "index \"" + index + "\"";
  return {std::move(method),    "/" + percent_encode(index) + suffix, {},
          doing + " " + quoted, privilege + " on " + quoted,          false};
}

// Of an answer {"<concrete index>": {…}}: the one index. An alias over several: pause_job.
Result<json> only_index(const std::string& name, json answer) {
  if (answer.size() > 1)
    return Error::pause_job("\"" + name + "\" is an alias of " + std::to_string(answer.size()) +
                            " indices: name one index, or an alias of one");
  if (answer.empty()) return Error::retry("the cluster did not describe index \"" + name + "\"");
  return object(answer.begin().value());
}

Result<json> read_mapping(HttpClient& http, const std::string& index) {
  SYNCLINE_ASSIGN(json answer,
                  demand(http, call_for(index, "GET", "/_mapping", "read the mapping of",
                                        "view_index_metadata")));
  SYNCLINE_ASSIGN(const json only, only_index(index, std::move(answer)));
  return object(at(only, {"mappings"}));
}

// Mapping _meta is replaced as a whole by each PUT, so what others keep there is written back.
Status write_meta(HttpClient& http, const std::string& index, json meta) {
  auto call = call_for(index, "PUT", "/_mapping", "write the mapping of", "manage");
  call.body = {{"_meta", std::move(meta)}};
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http, call));
  return {};
}

Status write_settings(HttpClient& http, const std::string& index, json settings) {
  auto call = call_for(index, "PUT", "/_settings", "change the settings of", "manage");
  call.body = std::move(settings);
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http, call));
  return {};
}

std::vector<FoundDocument> found_documents(const json& list) {
  std::vector<FoundDocument> documents;
  if (!list.is_array()) return documents;
  documents.reserve(list.size());
  for (const json& entry : list) {
    const json& version = at(entry, {"_version"});
    if (version.is_number_integer()) documents.push_back({text(at(entry, {"_id"})), version});
  }
  return documents;
}

Result<IndexAdmin::ScrollPage> make_page(const json& answer) {
  const json& failed = at(answer, {"_shards", "failed"});
  if (failed.is_number_integer() && failed != 0)
    return Error::retry("some shards of the index did not answer the search");
  const std::string id = text(at(answer, {"_scroll_id"}));
  if (id.empty()) return Error::retry("the cluster's answer to a search was not understood");
  return IndexAdmin::ScrollPage{id, found_documents(at(answer, {"hits", "hits"}))};
}

}  // namespace

IndexAdmin::IndexAdmin(HttpClient& http, std::string index)
    : http_(http), index_(std::move(index)) {}

Result<ClusterInfo> IndexAdmin::cluster_info() {
  SYNCLINE_ASSIGN(
      const json answer,
      demand(http_,
             {"GET", "/", {}, "ask the cluster for its version", "monitor on the cluster", false}));
  ClusterInfo info;
  info.opensearch = at(answer, {"version", "distribution"}) == "opensearch";
  info.version = text(at(answer, {"version", "number"}));
  std::from_chars(info.version.data(), info.version.data() + info.version.size(), info.major);
  if (info.major == 0)
    return Error::pause_job("what answers there is neither Elasticsearch nor OpenSearch");
  return info;
}

Result<std::optional<IndexDescription>> IndexAdmin::describe() {
  const auto call = call_for(
      index_, "GET",
      "?filter_path=%2A.settings.index.uuid%2C%2A.mappings._meta.syncline%2Cerror%2Cstatus",
      "look at", "view_index_metadata");
  SYNCLINE_ASSIGN(ClusterAnswer answer, ask(http_, call));
  if (answer.status == 404) return std::optional<IndexDescription>();
  if (answer.status >= 300) return refusal(call, answer);
  if (!answer.body.is_object())
    return Error::retry("cannot " + call.doing + ": the cluster's answer was not understood");
  SYNCLINE_ASSIGN(const json only, only_index(index_, std::move(answer.body)));
  IndexDescription description;
  description.uuid = text(at(only, {"settings", "index", "uuid"}));
  description.created_by_syncline = at(only, {"mappings", "_meta", kOurs, "created"}) == true;
  return std::optional(std::move(description));
}

Status IndexAdmin::create(const std::vector<FieldMapping>& fields,
                          const std::vector<std::string>& settings_json) {
  auto call = call_for(index_, "PUT", "", "create", "create_index");
  SYNCLINE_ASSIGN(json properties, make_properties(fields));
  SYNCLINE_ASSIGN(json settings, make_settings(settings_json));
  call.body["settings"] = std::move(settings);
  call.body["mappings"]["properties"] = std::move(properties);
  call.body["mappings"]["_meta"][kOurs] = {{"created", true}};
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status < 300) return {};
  if (answer.error_type() == "resource_already_exists_exception") return {};
  return refusal(call, answer);
}

Status IndexAdmin::add_missing_fields(const std::vector<FieldMapping>& fields) {
  SYNCLINE_ASSIGN(const json wanted, make_properties(fields));
  SYNCLINE_ASSIGN(const json mapping, read_mapping(http_, index_));
  const json existing = object(at(mapping, {"properties"}));
  SYNCLINE_ASSIGN(json missing, missing_properties(wanted, existing, index_));
  if (missing.empty()) return {};
  auto call = call_for(index_, "PUT", "/_mapping", "add " + field_names(missing) + " to", "manage");
  call.body["properties"] = std::move(missing);
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http_, call));
  return {};
}

Status IndexAdmin::begin_load_mode() {
  SYNCLINE_ASSIGN(json answer, demand(http_, call_for(index_, "GET", "?flat_settings=true",
                                                      "look at", "view_index_metadata")));
  SYNCLINE_ASSIGN(const json only, only_index(index_, std::move(answer)));
  json meta = object(at(only, {"mappings", "_meta"}));
  if (!at(meta, {kOurs, kLoadNote}).is_object()) {
    json note = json::object();
    for (const auto& [name, value] : load_settings().items())
      note[name] = at(only, {"settings", name.c_str()});
    json ours = object(at(meta, {kOurs}));
    ours[kLoadNote] = std::move(note);
    meta[kOurs] = std::move(ours);
    SYNCLINE_RETURN_IF_ERROR(write_meta(http_, index_, std::move(meta)));
  }
  return write_settings(http_, index_, load_settings());
}

Status IndexAdmin::end_load_mode() {
  const auto look =
      call_for(index_, "GET", "/_mapping", "read the mapping of", "view_index_metadata");
  SYNCLINE_ASSIGN(ClusterAnswer answer, ask(http_, look));
  if (answer.status == 404) return {};  // gone with all its settings
  if (answer.status >= 300) return refusal(look, answer);
  SYNCLINE_ASSIGN(const json only, only_index(index_, std::move(answer.body)));
  json meta = object(at(only, {"mappings", "_meta"}));
  const json note = at(meta, {kOurs, kLoadNote});
  if (!note.is_object()) return {};
  SYNCLINE_RETURN_IF_ERROR(write_settings(http_, index_, note));
  meta[kOurs].erase(kLoadNote);
  SYNCLINE_RETURN_IF_ERROR(write_meta(http_, index_, std::move(meta)));
  return refresh();
}

Status IndexAdmin::refresh() {
  SYNCLINE_ASSIGN(const json answer,
                  demand(http_, call_for(index_, "POST", "/_refresh", "refresh", "maintenance")));
  const json& failed = at(answer, {"_shards", "failed"});
  if (failed.is_number_integer() && failed != 0)
    return Error::retry("some shards of index \"" + index_ + "\" could not be refreshed");
  return {};
}

Result<std::vector<FoundDocument>> IndexAdmin::versions(const std::vector<std::string>& ids) {
  if (ids.empty()) return std::vector<FoundDocument>{};
  if (ids.size() > kIdsMax) return Error::bug("too many ids in one call");
  auto call = call_for(index_, "POST",
                       "/_mget?_source=false&filter_path=docs._id%2Cdocs._version%2Cdocs.error",
                       "read versions of", "read");
  call.body["ids"] = ids;
  call.large_answer = true;
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  for (const json& entry : object(answer).value("docs", json::array())) {
    if (entry.is_object() && entry.contains("error"))
      return Error::retry("cannot " + call.doing + ": " + text(at(entry, {"error", "type"})));
  }
  return found_documents(at(answer, {"docs"}));
}

Result<int64_t> IndexAdmin::count() {
  SYNCLINE_ASSIGN(const json answer,
                  demand(http_, call_for(index_, "GET", "/_count", "count", "read")));
  const json& count = at(answer, {"count"});
  const json& failed = at(answer, {"_shards", "failed"});
  if (!count.is_number_integer() || failed != 0)
    return Error::retry("some shards of index \"" + index_ + "\" could not be counted");
  return count.get<int64_t>();
}

Result<IndexAdmin::ScrollPage> IndexAdmin::begin_scroll() {
  return begin_scroll(R"({"match_all":{}})", -1, kIdsMax);
}

Result<IndexAdmin::ScrollPage> IndexAdmin::begin_scroll(const std::string& query_json, int shard,
                                                        size_t size) {
  std::string suffix =
      "/_search?allow_partial_search_results=false&filter_path=_scroll_id%2C"
      "_shards.failed%2Chits.hits._id%2Chits.hits._version%2Cerror%2Cstatus&scroll=" +
      std::string(kScrollKept);
  if (shard >= 0) suffix += "&preference=_shards%3A" + std::to_string(shard);
  auto call = call_for(index_, "POST", suffix, "search", "read");
  call.body = {{"size", size},
               {"sort", {"_doc"}},
               {"_source", false},
               {"version", true},
               {"query", json::parse(query_json, nullptr, false)}};
  call.large_answer = true;
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status == 400)
    return Error::park("the cluster refuses the query: " + mask_values(answer.error_reason()));
  if (answer.status >= 300) return refusal(call, answer);
  return make_page(answer.body);
}

Result<IndexAdmin::ScrollPage> IndexAdmin::next_page(const std::string& scroll_id) {
  auto call = call_for(index_, "POST", "", "go on searching", "read");
  call.path =
      "/_search/scroll?filter_path=_scroll_id%2C_shards.failed%2Chits.hits._id%2C"
      "hits.hits._version";
  call.body = {{"scroll", kScrollKept}, {"scroll_id", scroll_id}};
  call.large_answer = true;
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  return make_page(answer);
}

void IndexAdmin::end_scroll(const std::string& scroll_id) {
  auto call = call_for(index_, "DELETE", "", "end the search of", "read");
  call.path = "/_search/scroll";
  call.body["scroll_id"] = json::array({scroll_id});
  // Nothing depends on it: an open scroll ends by itself.
  static_cast<void>(ask(http_, call).ok());
}

}  // namespace syncline

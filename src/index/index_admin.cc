#include "index/index_admin.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "index/answer_json.h"
#include "index/index_call.h"
#include "index/index_claim.h"
#include "index/index_mapping.h"
#include "index/index_settings.h"

namespace syncline::index {

namespace {

using nlohmann::json;

constexpr auto kScrollKept = "5m";

// What a load changes; the note holds the original of each, null where there was none.
const json& load_settings() {
  static const json settings{{"index.refresh_interval", "-1"}, {"index.number_of_replicas", "0"}};
  return settings;
}

std::vector<FoundDocument> found_documents(const json& list) {
  std::vector<FoundDocument> documents;
  if (!list.is_array()) return documents;
  documents.reserve(list.size());
  for (const json& entry : list) {
    const auto version = answer_integer(answer_at(entry, {"_version"}));
    if (version) documents.push_back({answer_text(answer_at(entry, {"_id"})), *version});
  }
  return documents;
}

Result<IndexAdmin::ScrollPage> make_page(const json& answer) {
  const json& failed = answer_at(answer, {"_shards", "failed"});
  if (failed.is_number_integer() && failed != 0)
    return Error::retry("some shards of the index did not answer the search", Origin::cluster);
  const std::string id = answer_text(answer_at(answer, {"_scroll_id"}));
  if (id.empty())
    return Error::retry("the cluster's answer to a search was not understood", Origin::cluster);
  return IndexAdmin::ScrollPage{id, found_documents(answer_at(answer, {"hits", "hits"}))};
}

void fill_in(const json& index, const std::string& asked, IndexDescription& description) {
  const json& ours = answer_at(index, {"mappings", "_meta", kOurs});
  const json& aliases = answer_object(answer_at(index, {"aliases"}));
  const json& alias = answer_at(aliases, {asked.c_str()});
  const IndexOwner owner{answer_text(answer_at(ours, {"owner", "instance"})),
                         answer_text(answer_at(ours, {"owner", "plan"}))};
  description.uuid = answer_text(answer_at(index, {"settings", "index", "uuid"}));
  description.created_by_syncline = answer_at(ours, {"created"}) == true;
  description.settings = answer_text(answer_at(ours, {"settings"}));
  if (!owner.instance.empty()) description.owner = owner;
  description.has_write_alias = aliases.contains(write_alias_of(description.name));
  description.found_by_special_alias = alias.contains("index_routing") ||
                                       alias.contains("search_routing") || alias.contains("filter");
  description.needs_routing = answer_at(index, {"mappings", "_routing", "required"}) == true;
}

}  // namespace

IndexAdmin::IndexAdmin(http::HttpClient& http, std::string index)
    : http_(http), index_(std::move(index)) {}

Result<ClusterInfo> IndexAdmin::cluster_info() {
  SYNCLINE_ASSIGN(
      const json answer,
      demand(http_,
             {"GET", "/", {}, "ask the cluster for its version", "monitor on the cluster", false}));
  ClusterInfo info;
  info.opensearch = answer_at(answer, {"version", "distribution"}) == "opensearch";
  info.version = answer_text(answer_at(answer, {"version", "number"}));
  std::from_chars(info.version.data(), info.version.data() + info.version.size(), info.major);
  if (info.major == 0)
    return Error::needs_person("what answers there is neither Elasticsearch nor OpenSearch",
                               Origin::cluster);
  return info;
}

Result<std::optional<IndexDescription>> IndexAdmin::describe() {
  const auto call =
      index_call(index_, "GET",
                 "?filter_path=%2A.settings.index.uuid%2C%2A.mappings._meta.syncline%2C"
                 "%2A.mappings._routing%2C%2A.aliases%2C%2A.data_stream%2Cerror%2Cstatus",
                 "look at", "view_index_metadata");
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status == 404) return std::optional<IndexDescription>();
  if (answer.status >= 300) return refusal(call, answer);
  if (!answer.body.is_object())
    return Error::retry("cannot " + call.doing + ": the cluster's answer was not understood",
                        Origin::cluster);
  IndexDescription description;
  if (!answer.body.empty())
    description.data_stream = answer_text(answer_at(answer.body.front(), {"data_stream"}));
  if (!description.data_stream.empty()) return std::optional(std::move(description));
  SYNCLINE_ASSIGN(const json only, only_index(index_, answer.body));
  description.name = answer.body.begin().key();
  fill_in(only, index_, description);
  return std::optional(std::move(description));
}

Result<bool> IndexAdmin::create(const std::vector<FieldMapping>& fields,
                                const std::vector<std::string>& settings_json,
                                const IndexOwner& owner) {
  auto call = index_call(index_, "PUT", "", "create", "create_index");
  SYNCLINE_ASSIGN(json properties, make_properties(fields));
  SYNCLINE_ASSIGN(json settings, make_settings(settings_json));
  call.body["mappings"]["properties"] = std::move(properties);
  call.body["mappings"]["_meta"][kOurs] = {
      {"created", true},
      {"owner", {{"instance", owner.instance}, {"plan", owner.plan}}},
      {"settings", digest(flat_settings(settings).dump())}};
  call.body["settings"] = std::move(settings);
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status < 300) return true;
  if (answer.error_type() == "resource_already_exists_exception") return false;
  return refusal(call, answer);
}

Status IndexAdmin::remove() {
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer,
                  demand(http_, index_call(index_, "DELETE", "", "delete", "delete_index")));
  return {};
}

Status IndexAdmin::change_settings(const IndexDescription& index,
                                   const std::vector<std::string>& settings_json) {
  SYNCLINE_ASSIGN(const json made, make_settings(settings_json));
  const json wanted = flat_settings(made);
  const std::string wanted_digest = digest(wanted.dump());
  if (index.settings == wanted_digest) return {};
  if (index.settings.empty()) {
    // One that an older version made: what it has now may have been set by hand. A role that may
    // not note that goes on without.
    const Status noted = note_settings(wanted_digest);
    return noted.ok() || noted.error().passes() ? noted : Status();
  }
  // What a load has put aside would be put back over it.
  SYNCLINE_RETURN_IF_ERROR(end_load_mode());
  SYNCLINE_ASSIGN(
      const json answer,
      demand(http_, index_call(index_, "GET", "/_settings?flat_settings=true&include_defaults=true",
                               "read the settings of", "view_index_metadata")));
  SYNCLINE_ASSIGN(const json only, only_index(index_, answer));
  json present = answer_object(answer_at(only, {"defaults"}));
  present.update(answer_object(answer_at(only, {"settings"})));
  SYNCLINE_RETURN_IF_ERROR(send_settings(different_settings(wanted, present)));
  return note_settings(wanted_digest);
}

// Together, or each for itself where one is refused, so that the others get there.
Status IndexAdmin::send_settings(const json& settings) {
  if (settings.empty()) return {};
  const Status together = write_settings(http_, index_, settings);
  if (together.ok() || together.error().code != "400") return together;
  std::string refused, reason;
  for (const auto& [name, value] : settings.items()) {
    const Status alone = write_settings(http_, index_, {{name, value}});
    if (alone.ok()) continue;
    if (alone.error().code != "400") return alone;
    refused += (refused.empty() ? "" : ", ") + name;
    reason = alone.error().message;
  }
  if (refused.empty()) return {};
  return Error::needs_person(
      "index \"" + index_ + "\" cannot take these settings in place: " + refused +
      ": a rebuild does it: delete the index, so that it is made anew with them, or put them "
      "back in the job (" +
      reason + ")");
}

Status IndexAdmin::note_settings(const std::string& digest_of_settings) {
  SYNCLINE_ASSIGN(const json mapping, read_mapping(http_, index_));
  json meta = answer_object(answer_at(mapping, {"_meta"}));
  json ours = answer_object(answer_at(meta, {kOurs}));
  ours["settings"] = digest_of_settings;
  meta[kOurs] = std::move(ours);
  return write_meta(http_, index_, std::move(meta));
}

Status IndexAdmin::add_missing_fields(const std::vector<FieldMapping>& fields) {
  SYNCLINE_ASSIGN(const json wanted, make_properties(fields));
  SYNCLINE_ASSIGN(const json mapping, read_mapping(http_, index_));
  const json existing = answer_object(answer_at(mapping, {"properties"}));
  SYNCLINE_ASSIGN(json missing, missing_properties(wanted, existing, index_));
  if (missing.empty()) return {};
  auto call =
      index_call(index_, "PUT", "/_mapping", "add " + field_names(missing) + " to", "manage");
  call.body["properties"] = std::move(missing);
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer, demand(http_, call));
  return {};
}

Status IndexAdmin::begin_load_mode() {
  SYNCLINE_ASSIGN(json answer, demand(http_, index_call(index_, "GET", "?flat_settings=true",
                                                        "look at", "view_index_metadata")));
  SYNCLINE_ASSIGN(const json only, only_index(index_, answer));
  json meta = answer_object(answer_at(only, {"mappings", "_meta"}));
  if (!answer_at(meta, {kOurs, kLoadNote}).is_object()) {
    json note = json::object();
    for (const auto& [name, value] : load_settings().items())
      note[name] = answer_at(only, {"settings", name.c_str()});
    json ours = answer_object(answer_at(meta, {kOurs}));
    ours[kLoadNote] = std::move(note);
    meta[kOurs] = std::move(ours);
    SYNCLINE_RETURN_IF_ERROR(write_meta(http_, index_, std::move(meta)));
  }
  return write_settings(http_, index_, load_settings());
}

Status IndexAdmin::end_load_mode() {
  const auto look =
      index_call(index_, "GET", "/_mapping", "read the mapping of", "view_index_metadata");
  SYNCLINE_ASSIGN(ClusterAnswer answer, ask(http_, look));
  if (answer.status == 404) return {};  // gone with all its settings
  if (answer.status >= 300) return refusal(look, answer);
  SYNCLINE_ASSIGN(const json only, only_index(index_, answer.body));
  json meta = answer_object(answer_at(only, {"mappings", "_meta"}));
  const json note = answer_at(meta, {kOurs, kLoadNote});
  if (!note.is_object()) return {};
  SYNCLINE_RETURN_IF_ERROR(write_settings(http_, index_, note));
  meta[kOurs].erase(kLoadNote);
  SYNCLINE_RETURN_IF_ERROR(write_meta(http_, index_, std::move(meta)));
  return refresh();
}

Status IndexAdmin::refresh() {
  SYNCLINE_ASSIGN(const json answer,
                  demand(http_, index_call(index_, "POST", "/_refresh", "refresh", "maintenance")));
  const json& failed = answer_at(answer, {"_shards", "failed"});
  if (failed.is_number_integer() && failed != 0)
    return Error::retry("some shards of index \"" + index_ + "\" could not be refreshed",
                        Origin::cluster);
  return {};
}

Result<std::vector<FoundDocument>> IndexAdmin::versions(const std::vector<std::string>& ids) {
  if (ids.empty()) return std::vector<FoundDocument>{};
  if (ids.size() > kIdsMax) return Error::bug("too many ids in one call");
  auto call = index_call(index_, "POST",
                         "/_mget?_source=false&filter_path=docs._id%2Cdocs._version%2Cdocs.error",
                         "read versions of", "read");
  call.body["ids"] = ids;
  call.large_answer = true;
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  for (const json& entry : answer_list(answer_at(answer, {"docs"}))) {
    if (entry.contains("error"))
      return Error::retry(
          "cannot " + call.doing + ": " + answer_text(answer_at(entry, {"error", "type"})),
          Origin::cluster);
  }
  return found_documents(answer_at(answer, {"docs"}));
}

Result<int64_t> IndexAdmin::count() {
  SYNCLINE_ASSIGN(const json answer,
                  demand(http_, index_call(index_, "GET", "/_count", "count", "read")));
  const auto count = answer_integer(answer_at(answer, {"count"}));
  const json& failed = answer_at(answer, {"_shards", "failed"});
  if (!count || failed != 0)
    return Error::retry("some shards of index \"" + index_ + "\" could not be counted",
                        Origin::cluster);
  return *count;
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
  auto call = index_call(index_, "POST", suffix, "search", "read");
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
  auto call = index_call(index_, "POST", "", "go on searching", "read");
  call.path =
      "/_search/scroll?filter_path=_scroll_id%2C_shards.failed%2Chits.hits._id%2C"
      "hits.hits._version";
  call.body = {{"scroll", kScrollKept}, {"scroll_id", scroll_id}};
  call.large_answer = true;
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  return make_page(answer);
}

void IndexAdmin::end_scroll(const std::string& scroll_id) {
  auto call = index_call(index_, "DELETE", "", "end the search of", "read");
  call.path = "/_search/scroll";
  call.body["scroll_id"] = json::array({scroll_id});
  // Nothing depends on it: an open scroll ends by itself.
  static_cast<void>(ask(http_, call).ok());
}

}  // namespace syncline::index

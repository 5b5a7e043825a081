#include "target/document_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include <nlohmann/json.hpp>
#include <utility>

#include "target/cluster_call.h"
#include "target/url.h"

namespace syncline {

namespace {

namespace od = simdjson::ondemand;
using nlohmann::json;

ClusterCall call_for(const std::string& index, std::string method, const std::string& suffix,
                     const std::string& doing, const std::string& privilege) {
  const std::string quoted = "index \"" + index + "\"";
  return {std::move(method),    "/" + percent_encode(index) + suffix, {},
          doing + " " + quoted, privilege + " on " + quoted,          false};
}

// One entry of an _mget answer; false if it is not understood. Not found: no document.
bool read_document(od::object entry, std::vector<StoredDocument>& documents, bool& failed) {
  StoredDocument document;
  bool found = false;
  for (auto field : entry) {
    std::string_view key, text;
    od::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (key == "_id") {
      if (value.get_string().get(text)) return false;
      document.id = text;
    } else if (key == "_seq_no") {
      if (value.get_int64().get(document.seq_no)) return false;
    } else if (key == "_primary_term") {
      if (value.get_int64().get(document.primary_term)) return false;
    } else if (key == "found") {
      if (value.get_bool().get(found)) return false;
    } else if (key == "_source") {
      od::object source;
      if (value.get_object().get(source) || source.raw_json().get(text)) return false;
      document.source = text;
    } else if (key == "error") {
      failed = true;
    }
  }
  if (found) documents.push_back(std::move(document));
  return true;
}

// The mapping below properties at a path whose dots lead into objects.
const json* mapping_at(const json& properties, std::string_view path, bool& enabled) {
  const json* level = &properties;
  for (;;) {
    const size_t dot = path.find('.');
    const auto found = level->find(std::string(path.substr(0, dot)));
    if (found == level->end()) return nullptr;
    if (found->value("enabled", json(true)) == false) enabled = false;
    if (dot == std::string_view::npos) return &*found;
    const auto inner = found->find("properties");
    if (inner == found->end()) return nullptr;
    level = &*inner;
    path.remove_prefix(dot + 1);
  }
}

// A field of whole numbers indexes 5.9 as 5. Of a compare key ("59e-1") what is before the point.
std::string whole_part(const std::string& key) {
  const size_t e = key.find("e-");
  if (e == std::string::npos) return key;
  const size_t sign = key.starts_with('-') ? 1 : 0;
  const auto dropped = static_cast<size_t>(std::strtoul(key.c_str() + e + 2, nullptr, 10));
  if (dropped >= e - sign) return "0";
  return key.substr(0, e - dropped);
}

// Such a field tells -0.0 from 0, which is one value for us.
bool holds_fractions(const std::string& type) {
  return type == "double" || type == "float" || type == "half_float";
}

bool holds_whole_numbers(const std::string& type) {
  return type == "long" || type == "integer" || type == "short" || type == "byte" ||
         type == "unsigned_long";
}

json match_text(const std::string& path, const std::string& value) {
  // A document that holds exactly this text holds all of its terms.
  return {
      {"match", {{path, {{"query", value}, {"operator", "and"}, {"zero_terms_query", "all"}}}}}};
}

}  // namespace

DocumentReader::DocumentReader(HttpClient& http, std::string index)
    : http_(http), index_(std::move(index)) {}

Result<std::vector<StoredDocument>> DocumentReader::read(const std::vector<std::string>& ids) {
  std::vector<StoredDocument> documents;
  if (ids.empty()) return documents;
  if (ids.size() > kIdsMax) return Error::bug("too many ids in one call");
  // No filter_path: it would write the numbers of the source anew.
  auto call = call_for(index_, "POST", "/_mget", "read documents of", "read");
  call.body["ids"] = ids;
  call.large_answer = true;
  SYNCLINE_ASSIGN(const RawAnswer answer, ask_raw(http_, call));
  if (answer.status == 404) return documents;
  const Error not_understood =
      Error::retry("cannot " + call.doing + ": the cluster's answer was not understood");
  const simdjson::padded_string padded(answer.body);
  od::parser parser;
  od::document body;
  od::array entries;
  if (answer.status >= 300 || parser.iterate(padded).get(body) ||
      body["docs"].get_array().get(entries))
    return not_understood;
  for (auto entry : entries) {
    od::object object;
    bool failed = false;
    if (entry.get_object().get(object) || !read_document(object, documents, failed))
      return not_understood;
    if (!failed) continue;
    // An index that is missing says so for each document; anything else passes.
    if (answer.body.find("index_not_found_exception") != std::string::npos)
      return std::vector<StoredDocument>();
    return Error::retry("cannot " + call.doing + ": a shard did not answer");
  }
  return documents;
}

Result<std::map<int, int64_t>> DocumentReader::checkpoints() {
  const auto call =
      call_for(index_, "GET",
               "/_stats?level=shards&filter_path=indices.%2A.shards.%2A.routing.primary%2C"
               "indices.%2A.shards.%2A.seq_no.global_checkpoint%2C_shards.failed",
               "see how far the shards are of", "monitor");
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  std::map<int, int64_t> checkpoints;
  const json indices = answer.value("indices", json::object());
  for (const auto& [name, index] : indices.items()) {
    const json shards = index.value("shards", json::object());
    for (const auto& [number, copies] : shards.items()) {
      for (const json& copy : copies) {
        if (copy["routing"].value("primary", json(false)) != true) continue;
        if (copy.contains("seq_no"))
          checkpoints[std::stoi(number)] = copy["seq_no"].value("global_checkpoint", int64_t{-1});
      }
    }
  }
  return checkpoints;
}

Result<std::optional<FieldLook>> DocumentReader::field(const std::string& path) {
  const auto call =
      call_for(index_, "GET", "/_mapping", "read the mapping of", "view_index_metadata");
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status == 404) return std::optional<FieldLook>();
  if (answer.status >= 300 || !answer.body.is_object() || answer.body.empty())
    return refusal(call, answer);
  const json mappings = answer.body.begin()->value("mappings", json::object());
  const json properties = mappings.value("properties", json::object());
  bool enabled = true;
  const json* const found = mapping_at(properties, path, enabled);
  if (found == nullptr) return std::optional<FieldLook>();
  FieldLook look;
  look.type = found->value("type", "object");
  look.searchable = enabled && found->value("index", json(true)) != false;
  return std::optional(std::move(look));
}

std::string changed_query(int64_t above, int64_t up_to) {
  return json{{"range", {{"_seq_no", {{"gt", above}, {"lte", up_to}}}}}}.dump();
}

std::string matching_query(const std::string& path, const std::optional<FieldLook>& field,
                           const std::vector<std::string>& values) {
  if (!field || !field->searchable) return R"({"match_all":{}})";
  if (holds_whole_numbers(field->type)) {
    json wholes = json::array();
    for (const std::string& value : values) wholes.push_back(whole_part(value));
    return json{{"terms", {{path, wholes}}}}.dump();
  }
  if (field->type != "text" && field->type != "match_only_text") {
    json terms = values;
    if (holds_fractions(field->type) && std::ranges::count(values, "0") > 0)
      terms.push_back("-0.0");
    return json{{"terms", {{path, terms}}}}.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  json any = json::array();
  for (const std::string& value : values) any.push_back(match_text(path, value));
  return json{{"bool", {{"should", any}, {"minimum_should_match", 1}}}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace syncline

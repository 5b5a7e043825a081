#include "index/document_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "index/answer_json.h"
#include "index/index_call.h"

namespace syncline::index {

namespace {

namespace od = simdjson::ondemand;
using nlohmann::json;

// An entry's own error. A missing index and a routing that is missing mean: no document here.
enum class EntryError { none, absent, other };

bool read_error(od::value value, EntryError& result) {
  od::object error;
  std::string_view type;
  if (value.get_object().get(error) || error["type"].get_string().get(type)) return false;
  const bool absent = type == "index_not_found_exception" || type == "routing_missing_exception";
  result = absent ? EntryError::absent : EntryError::other;
  return true;
}

// One entry of an _mget answer; false if it is not understood. Not found: no document.
bool read_document(od::object entry, std::vector<StoredDocument>& documents, EntryError& error) {
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
    } else if (key == "_routing") {
      if (value.get_string().get(text)) return false;
      document.routing = text;
    } else if (key == "error") {
      if (!read_error(value, error)) return false;
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
    const std::string name(path.substr(0, dot));
    const json& found = answer_at(*level, {name.c_str()});
    if (!found.is_object()) return nullptr;
    if (answer_at(found, {"enabled"}) == false) enabled = false;
    if (dot == std::string_view::npos) return &found;
    level = &answer_at(found, {"properties"});
    path.remove_prefix(dot + 1);
  }
}

// The shard's number that an answer gives as a key.
std::optional<int> shard_number(const std::string& text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
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

json not_indexed(const std::string& path) {
  return {{"bool", {{"must_not", {{"exists", {{"field", path}}}}}}}};
}

// The length of a text as the cluster counts it, for whom a character beyond the first plane is
// two.
int64_t utf16_units(std::string_view text) {
  int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // goes on with a character
    units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

json match_text(const std::string& path, const std::string& value) {
  // A document that holds exactly this text holds all of its terms.
  return {
      {"match", {{path, {{"query", value}, {"operator", "and"}, {"zero_terms_query", "all"}}}}}};
}

}  // namespace

DocumentReader::DocumentReader(http::HttpClient& http, std::string index)
    : http_(http), index_(std::move(index)) {}

const char* const DocumentReader::kTooLarge = kAnswerTooLarge;

Result<std::vector<StoredDocument>> DocumentReader::read(std::span<const std::string> ids) {
  if (ids.empty()) return std::vector<StoredDocument>();
  if (ids.size() > kIdsMax) return Error::bug("too many ids in one call");
  std::vector<Place> places;
  places.reserve(ids.size());
  for (const std::string& id : ids) places.push_back({id, std::nullopt});
  SYNCLINE_ASSIGN(std::vector<StoredDocument> documents, read_at(places));
  std::unordered_set<std::string_view> plain;
  std::set<std::pair<std::string, std::string>> read;
  for (const StoredDocument& document : documents) {
    if (document.routing) {
      read.emplace(document.id, *document.routing);
    } else {
      plain.insert(document.id);
    }
  }
  std::vector<std::string> elsewhere;  // perhaps
  for (const std::string& id : ids) {
    if (!plain.contains(id)) elsewhere.push_back(id);
  }
  if (elsewhere.empty()) return documents;
  SYNCLINE_ASSIGN(std::vector<Place> routed, find_routed(elsewhere));
  std::erase_if(routed, [&](const Place& place) {
    return read.contains({place.id, place.routing.value_or("")});
  });
  for (size_t begin = 0; begin < routed.size(); begin += kIdsMax) {
    const auto first = routed.begin() + static_cast<ptrdiff_t>(begin);
    const auto last =
        routed.begin() + static_cast<ptrdiff_t>(std::min(routed.size(), begin + kIdsMax));
    SYNCLINE_ASSIGN(std::vector<StoredDocument> more, read_at({first, last}));
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  return documents;
}

Result<std::vector<StoredDocument>> DocumentReader::read_at(const std::vector<Place>& places) {
  std::vector<StoredDocument> documents;
  // No filter_path: it would write the numbers of the source anew.
  auto call = index_call(index_, "POST", "/_mget", "read documents of", "read");
  for (const Place& place : places) {
    json document{{"_id", place.id}};
    if (place.routing) document["routing"] = *place.routing;
    call.body["docs"].push_back(std::move(document));
  }
  call.large_answer = true;
  call.answer_bytes_max = places.size() == 1 ? kDocumentBytesMax : kPageBytesMax;
  SYNCLINE_ASSIGN(RawAnswer answer, ask_raw(http_, call));
  if (answer.status == 404) return documents;
  const Error not_understood = Error::retry(
      "cannot " + call.doing + ": the cluster's answer was not understood", Origin::cluster);
  answer.body.reserve(answer.body.size() + simdjson::SIMDJSON_PADDING);
  const simdjson::padded_string_view padded(answer.body.data(), answer.body.size(),
                                            answer.body.capacity());
  od::parser parser;
  od::document body;
  od::array entries;
  if (answer.status >= 300 || parser.iterate(padded).get(body) ||
      body["docs"].get_array().get(entries))
    return not_understood;
  for (auto entry : entries) {
    od::object object;
    EntryError error = EntryError::none;
    if (entry.get_object().get(object) || !read_document(object, documents, error))
      return not_understood;
    if (error == EntryError::other)
      return Error::retry("cannot " + call.doing + ": a shard did not answer", Origin::cluster);
  }
  return documents;
}

// Documents live on the shard that their routing names; without it they are looked for on another.
Result<std::vector<DocumentReader::Place>> DocumentReader::find_routed(
    const std::vector<std::string>& ids) {
  constexpr size_t kHitsMax = 10'000;
  auto call = index_call(index_, "POST",
                         "/_search?allow_partial_search_results=false&filter_path=hits.hits._id%2C"
                         "hits.hits._routing%2Cerror%2Cstatus",
                         "search", "read");
  call.body = {
      {"size", std::min(kHitsMax, 10 * ids.size())},
      {"_source", false},
      {"sort", {"_doc"}},
      {"query",
       {{"bool",
         {{"filter", {{{"ids", {{"values", ids}}}}, {{"exists", {{"field", "_routing"}}}}}}}}}}};
  call.large_answer = true;
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  std::vector<Place> places;
  if (answer.status == 404) return places;
  if (answer.status >= 300 || !answer.body.is_object()) return refusal(call, answer);
  for (const json& hit : answer_list(answer_at(answer.body, {"hits", "hits"}))) {
    const std::string routing = answer_text(answer_at(hit, {"_routing"}));
    if (!routing.empty()) places.push_back({answer_text(answer_at(hit, {"_id"})), routing});
  }
  return places;
}

Result<std::map<int, int64_t>> DocumentReader::checkpoints() {
  const auto call =
      index_call(index_, "GET",
                 "/_stats?level=shards&filter_path=indices.%2A.shards.%2A.routing.primary%2C"
                 "indices.%2A.shards.%2A.seq_no.global_checkpoint%2C_shards.failed",
                 "see how far the shards are of", "monitor");
  SYNCLINE_ASSIGN(const json answer, demand(http_, call));
  std::map<int, int64_t> checkpoints;
  for (const json& index : answer_object(answer_at(answer, {"indices"}))) {
    for (const auto& [name, copies] : answer_object(answer_at(index, {"shards"})).items()) {
      const auto shard = shard_number(name);
      for (const json& copy : answer_list(copies)) {
        const auto number = answer_integer(answer_at(copy, {"seq_no", "global_checkpoint"}));
        if (shard && number && answer_at(copy, {"routing", "primary"}) == true)
          checkpoints[*shard] = *number;
      }
    }
  }
  return checkpoints;
}

Result<std::optional<FieldLook>> DocumentReader::field(const std::string& path) {
  const auto call =
      index_call(index_, "GET", "/_mapping", "read the mapping of", "view_index_metadata");
  SYNCLINE_ASSIGN(const ClusterAnswer answer, ask(http_, call));
  if (answer.status == 404) return std::optional<FieldLook>();
  if (answer.status >= 300 || answer_object(answer.body).empty()) return refusal(call, answer);
  const json& properties = answer_at(answer.body.front(), {"mappings", "properties"});
  bool enabled = true;
  const json* const found = mapping_at(properties, path, enabled);
  if (found == nullptr) return std::optional<FieldLook>();
  FieldLook look;
  look.type = answer_text(answer_at(*found, {"type"}));
  if (look.type.empty()) look.type = "object";
  look.searchable = enabled && answer_at(*found, {"index"}) != false;
  look.ignore_above = answer_integer(answer_at(*found, {"ignore_above"}));
  look.ignores_malformed = answer_at(*found, {"ignore_malformed"}) == true;
  return std::optional(std::move(look));
}

std::string changed_query(int64_t above, int64_t up_to) {
  return json{{"range", {{"_seq_no", {{"gt", above}, {"lte", up_to}}}}}}.dump();
}

std::string matching_query(const std::string& path, const std::optional<FieldLook>& field,
                           const std::vector<std::string>& values) {
  if (!field || !field->searchable) return R"({"match_all":{}})";
  json any = json::array();
  if (holds_whole_numbers(field->type)) {
    json wholes = json::array();
    for (const std::string& value : values) wholes.push_back(whole_part(value));
    any.push_back({{"terms", {{path, wholes}}}});
  } else if (field->type == "text" || field->type == "match_only_text") {
    for (const std::string& value : values) any.push_back(match_text(path, value));
  } else {
    json terms = values;
    if (holds_fractions(field->type) && std::ranges::count(values, "0") > 0)
      terms.push_back("-0.0");
    any.push_back({{"terms", {{path, terms}}}});
  }
  const auto longer = [&](const std::string& value) {
    return field->ignore_above && utf16_units(value) > *field->ignore_above;
  };
  if (std::ranges::any_of(values, longer) || field->ignores_malformed)
    any.push_back(not_indexed(path));
  if (any.size() == 1 && any.front().contains("terms"))
    return any.front().dump(-1, ' ', false, json::error_handler_t::replace);
  return json{{"bool", {{"should", any}, {"minimum_should_match", 1}}}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::string> unindexed_query(const std::string& path,
                                           const std::optional<FieldLook>& field) {
  if (!field || !field->ignores_malformed) return std::nullopt;
  return not_indexed(path).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace syncline::index

#include "document/bulk_builder.h"

#include <simdjson.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "base/utf8_text.h"
#include "document/json_string.h"

namespace syncline::document {

namespace {

// The outermost field of the JSON object in which a place lies.
std::string_view field_at(std::string_view json, size_t place) {
  std::string_view field;
  int depth = 0;
  for (size_t at = 0; at < place; ++at) {
    const char c = json[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t begin = ++at;
    while (at < place && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
    if (depth == 1 && json.substr(std::min(at + 1, json.size())).starts_with(':'))
      field = json.substr(begin, at - begin);
  }
  return field;
}

// Where an item (its action and its source) holds what is no UTF-8.
std::string describe_fault(std::string_view item) {
  const size_t source = item.find('\n') + 1;
  if (find_not_utf8(item.substr(0, source)) != std::string_view::npos)
    return "the id holds bytes that are no UTF-8";
  return fault_of(item.substr(source)).value_or("");
}

}  // namespace

std::optional<std::string> fault_of(std::string_view json) {
  if (simdjson::validate_utf8(json.data(), json.size())) return std::nullopt;
  const size_t place = find_not_utf8(json);
  return "field \"" + std::string(field_at(json, place)) +
         "\" holds bytes that are no UTF-8: " + printable(json.substr(place, 1));
}

void BulkBuilder::begin(int64_t version, TimePoint read_at) {
  body_.bytes.clear();
  body_.items.clear();
  body_.version = version;
  body_.read_at = read_at;
  body_.tag = 0;
  action_end_ = ",\"version\":" + std::to_string(version) + ",\"version_type\":\"external\"}}\n";
}

void BulkBuilder::begin_item(std::string_view id, BulkAction action, std::string_view opening,
                             std::string_view ending) {
  assert(id_is_sendable(id));
  assert(size_bytes() <= std::numeric_limits<uint32_t>::max());
  body_.items.push_back({std::string(id), action, static_cast<uint32_t>(size_bytes()), 0});
  body_.bytes.append(opening);
  append_json_string(id, body_.bytes);
  body_.bytes.append(ending);
}

void BulkBuilder::end_item() {
  BulkItem& item = body_.items.back();
  item.length = static_cast<uint32_t>(size_bytes() - item.offset);
}

void BulkBuilder::begin_document(std::string_view id) {
  begin_item(id, BulkAction::index, "{\"index\":{\"_id\":", action_end_);
}

void BulkBuilder::begin_document_if(std::string_view id, int64_t seq_no, int64_t primary_term,
                                    const std::optional<std::string>& routing) {
  std::string ending = ",\"if_seq_no\":" + std::to_string(seq_no) +
                       ",\"if_primary_term\":" + std::to_string(primary_term);
  if (routing) {
    ending += ",\"routing\":";
    append_json_string(*routing, ending);
  }
  begin_item(id, BulkAction::index, "{\"index\":{\"_id\":", ending + "}}\n");
}

bool BulkBuilder::end_document() {
  std::string& bytes = body_.bytes;
  if (bytes.back() == ',') {
    bytes.back() = '}';
  } else {
    bytes.push_back('}');
  }
  bytes.push_back('\n');
  end_item();
  const BulkItem& item = body_.items.back();
  if (simdjson::validate_utf8(bytes.data() + item.offset, item.length)) return true;
  fault_ = describe_fault(std::string_view(bytes).substr(item.offset, item.length));
  abandon_document();
  return false;
}

void BulkBuilder::abandon_document() {
  body_.bytes.resize(body_.items.back().offset);
  body_.items.pop_back();
}

void BulkBuilder::add_delete(std::string_view id) {
  begin_item(id, BulkAction::remove, "{\"delete\":{\"_id\":", action_end_);
  end_item();
}

BulkBody BulkBuilder::take() {
  BulkBody body;
  body.version = body_.version;
  body.read_at = body_.read_at;
  std::swap(body, body_);
  return body;
}

}  // namespace syncline::document

#include "document/bulk_builder.h"

#include <cassert>
#include <limits>
#include <utility>

#include "document/json_string.h"

namespace syncline {

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

void BulkBuilder::end_document() {
  std::string& bytes = body_.bytes;
  if (bytes.back() == ',') {
    bytes.back() = '}';
  } else {
    bytes.push_back('}');
  }
  bytes.push_back('\n');
  end_item();
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

}  // namespace syncline

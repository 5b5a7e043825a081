#include "index/bulk_answer.h"

#include <simdjson.h>

#include <algorithm>

namespace syncline::index {

namespace {

namespace od = simdjson::ondemand;

constexpr size_t kReasonBytesMax = 2048;
constexpr int kCausesMax = 4;

// The given error, ended at a whole UTF-8 character.
void cut(std::string& text) {
  if (text.size() <= kReasonBytesMax) return;
  size_t end = kReasonBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

bool read_text(od::value value, std::string& text) {
  bool null = false;
  if (value.is_null().get(null)) return false;  // unasked, it would throw
  if (null) return true;
  std::string_view view;
  if (value.get_string().get(view) != simdjson::SUCCESS) return false;
  text = view;
  return true;
}

// One error object with its causes: {"type":…,"reason":…,"caused_by":{the same}, …}.
bool read_error(od::object object, ClusterError& error, const SecretMask& secrets, int depth = 0) {
  std::string type, reason;
  for (auto field : object) {
    std::string_view key;
    od::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (key == "type") {
      if (!read_text(value, type)) return false;
    } else if (key == "reason") {
      if (!read_text(value, reason)) return false;
      reason = secrets.mask(reason);
    } else if (key == "caused_by" && depth < kCausesMax) {
      od::object cause;
      if (value.get_object().get(cause) || !read_error(cause, error, secrets, depth + 1))
        return false;
    }
  }
  if (type == "circuit_breaking_exception") error.circuit_breaking = true;
  // The keys may come in any order: the causes were joined while this level was still being read.
  if (depth == 0) error.type = secrets.mask_name(type);
  error.reason = error.reason.empty() ? reason : reason + ": " + error.reason;
  cut(error.reason);
  return true;
}

// {"status":200} or {"status":400,"error":{…}}
bool read_item(od::object result, BulkAnswer& answer, const SecretMask& secrets) {
  uint64_t status = 0;
  for (auto field : result) {
    std::string_view key;
    od::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (key == "status") {
      if (value.get_uint64().get(status)) return false;
    } else if (key == "error") {
      ClusterError error;
      error.item = static_cast<uint32_t>(answer.statuses.size());
      od::object object;
      if (value.get_object().get(object) || !read_error(object, error, secrets)) return false;
      answer.errors.push_back(std::move(error));
    }
  }
  if (status < 100 || status > 599) return false;
  answer.statuses.push_back(static_cast<uint16_t>(status));
  return true;
}

bool read_items(od::array items, BulkAnswer& answer, const SecretMask& secrets) {
  for (auto item : items) {
    od::object actions;
    if (item.get_object().get(actions)) return false;
    int results = 0;
    for (auto action : actions) {
      od::object result;
      if (action.value().get_object().get(result) || !read_item(result, answer, secrets))
        return false;
      ++results;
    }
    if (results != 1) return false;
  }
  return true;
}

simdjson::padded_string_view padded(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(text.data(), text.size(), text.capacity());
}

}  // namespace

struct BulkAnswerParser::Buffers {
  od::parser parser;
};

BulkAnswerParser::BulkAnswerParser(const SecretMask& secrets)
    : secrets_(secrets), buffers_(std::make_unique<Buffers>()) {}
BulkAnswerParser::~BulkAnswerParser() = default;

std::optional<BulkAnswer> BulkAnswerParser::parse(std::string& text, size_t items_expected) {
  BulkAnswer answer;
  answer.statuses.reserve(items_expected);
  od::document document;
  od::object object;
  if (buffers_->parser.iterate(padded(text)).get(document)) return std::nullopt;
  if (document.get_object().get(object)) return std::nullopt;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return std::nullopt;
    if (key != "items") continue;
    od::array items;
    if (field.value().get_array().get(items) || !read_items(items, answer, secrets_))
      return std::nullopt;
  }
  if (answer.statuses.size() != items_expected) return std::nullopt;
  return answer;
}

std::optional<ClusterError> BulkAnswerParser::parse_error(std::string& text) {
  od::document document;
  od::object object, error;
  if (buffers_->parser.iterate(padded(text)).get(document)) return std::nullopt;
  if (document.get_object().get(object)) return std::nullopt;
  ClusterError result;
  if (object["error"].get_object().get(error) || !read_error(error, result, secrets_))
    return std::nullopt;
  if (result.type.empty()) return std::nullopt;
  return result;
}

ItemVerdict judge_item(BulkAction action, int status, const ClusterError* error) {
  if (status >= 200 && status < 300) return ItemVerdict::done;
  const std::string_view type = error != nullptr ? std::string_view(error->type) : "";
  switch (status) {
    case 401:
    case 403:
      return ItemVerdict::needs_person;
    case 404:
      return error == nullptr && action == BulkAction::remove ? ItemVerdict::done
                                                              : ItemVerdict::index_gone;
    case 409:
      return ItemVerdict::conflict;
    case 429:
      return type == "cluster_block_exception" ? ItemVerdict::retry_full : ItemVerdict::retry;
    case 400:
      if (error != nullptr && error->circuit_breaking) return ItemVerdict::retry;
      // Our alias is gone, and its name is none that an index could be made with.
      if (type == "invalid_index_name_exception") return ItemVerdict::index_gone;
      return type == "index_closed_exception" ? ItemVerdict::needs_person : ItemVerdict::refused;
    default:
      return status >= 500 ? ItemVerdict::retry : ItemVerdict::refused;
  }
}

}  // namespace syncline::index

#include "index/index_claim.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "index/answer_json.h"
#include "index/index_call.h"

namespace syncline::index {

namespace {

using nlohmann::json;

constexpr std::string_view kAliasEnding = "--Syncline";
constexpr size_t kNameBytesMax = 255;

ClusterCall alias_call(json action, const std::string& doing, const std::string& alias) {
  ClusterCall call{"POST",
                   "/_aliases",
                   {},
                   doing + " alias \"" + alias + "\"",
                   "manage on index \"" + alias + "\"",
                   false};
  call.body = {{"actions", json::array({std::move(action)})}};
  return call;
}

}  // namespace

std::string write_alias_of(const std::string& concrete_index) {
  std::string alias = concrete_index + std::string(kAliasEnding);
  return alias.size() > kNameBytesMax ? std::string() : alias;
}

Status IndexClaim::note_owner(const std::optional<IndexOwner>& owner) {
  SYNCLINE_ASSIGN(const json mapping, read_mapping(http_, index_));
  json meta = answer_object(answer_at(mapping, {"_meta"}));
  json ours = answer_object(answer_at(meta, {kOurs}));
  ours.erase("owner");
  if (owner) ours["owner"] = {{"instance", owner->instance}, {"plan", owner->plan}};
  meta[kOurs] = std::move(ours);
  return write_meta(http_, index_, std::move(meta));
}

Result<std::string> IndexClaim::write_name(const IndexDescription& index) {
  const std::string alias = write_alias_of(index.name);
  if (index.has_write_alias) return alias;
  if (alias.empty() || index.found_by_special_alias) return index_;
  Status added = add_alias(index.name, true);
  // Elasticsearch before 7.7 knows no hidden ones.
  if (!added.ok() && added.error().code == "400") added = add_alias(index.name, false);
  if (added.ok()) return alias;
  if (added.error().passes()) return std::move(added).error();
  spdlog::warn(
      "index {} is written by its own name, so that a bulk may make it if it is deleted: {}",
      index_, added.error().message);
  return index_;
}

Status IndexClaim::add_alias(const std::string& concrete_index, bool hidden) {
  const std::string alias = write_alias_of(concrete_index);
  // With a write index it stays of use when a tool copies the index with its aliases.
  json add{{"index", concrete_index}, {"alias", alias}, {"is_write_index", true}};
  if (hidden) add["is_hidden"] = true;
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer,
                  demand(http_, alias_call({{"add", std::move(add)}}, "add", alias)));
  return {};
}

Status IndexClaim::release(const IndexOwner& owner) {
  SYNCLINE_ASSIGN(const auto index, IndexAdmin(http_, index_).describe());
  if (!index || (index->owner && *index->owner != owner)) return {};
  if (index->owner) SYNCLINE_RETURN_IF_ERROR(note_owner(std::nullopt));
  if (!index->has_write_alias) return {};
  const std::string alias = write_alias_of(index->name);
  SYNCLINE_ASSIGN([[maybe_unused]] const json answer,
                  demand(http_, alias_call({{"remove", {{"index", index->name}, {"alias", alias}}}},
                                           "remove", alias)));
  return {};
}

}  // namespace syncline::index

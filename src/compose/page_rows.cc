#include "compose/page_rows.h"

#include <unordered_map>

#include "document/compare_value.h"

namespace syncline::compose {

Result<bool> PageRows::read_by_id(RowReader& reader, std::span<const std::string> ids) {
  std::vector<RowReader::Lookup> lookups;
  for (const Node* node : shape_.levels.front())
    lookups.push_back({node, ids, &of_node_[node->number].rows});
  return reader.read(lookups);
}

Result<bool> PageRows::read_by_value(RowReader& reader, size_t documents, const KeyOf& key_of) {
  for (size_t level = 1; level < shape_.levels.size(); ++level) {
    std::vector<RowReader::Lookup> lookups;
    for (const Node* node : shape_.levels[level]) {
      Found& found = of_node_[node->number];
      found = Found();
      find_keys(*node, documents, key_of);
      lookups.push_back({node, found.keys, &found.rows});
    }
    SYNCLINE_ASSIGN(const bool complete, reader.read(lookups));
    if (!complete) return false;
  }
  return true;
}

void PageRows::find_keys(const Node& node, size_t documents, const KeyOf& key_of) {
  Found& found = of_node_[node.number];
  found.key_of.assign(documents, -1);
  std::unordered_map<std::string, int> places;
  for (size_t document = 0; document < documents; ++document) {
    auto key = key_of(node, document);
    if (!key) continue;
    const auto [place, is_new] = places.try_emplace(*key, static_cast<int>(found.keys.size()));
    if (is_new) found.keys.push_back(*std::move(key));
    found.key_of[document] = place->second;
  }
}

std::optional<size_t> PageRows::key_of(const Node& node, DocumentPlace place) const {
  if (node.found_by == FoundBy::id) return place.id;
  const Found& found = of_node_[node.number];
  if (found.key_of.empty() || found.key_of[place.document] < 0) return std::nullopt;
  return static_cast<size_t>(found.key_of[place.document]);
}

RowPlace PageRows::one(const Node& node, DocumentPlace place) const {
  const auto key = key_of(node, place);
  return key ? of_node_[node.number].rows.one(*key) : RowPlace();
}

std::optional<std::string> PageRows::given_key(const Node& node, DocumentPlace place) const {
  for (auto host = node.hosts.rbegin(); host != node.hosts.rend(); ++host) {
    const RowPlace row = one(*host->node, place);
    if (!row) continue;
    const auto value = row.value(host->value);
    return value ? document::compare_key(*host->type, *value) : std::nullopt;
  }
  return std::nullopt;
}

const std::string* PageRows::unreadable(DocumentPlace place) const {
  for (const Node& node : shape_.nodes()) {
    const auto key = key_of(node, place);
    if (!key) continue;
    const std::string* const reason = of_node_[node.number].rows.unreadable(*key);
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

}  // namespace syncline::compose

#include "compose/page_rows.h"

#include <algorithm>
#include <unordered_map>

namespace syncline::compose {

Result<bool> PageRows::read_by_id(RowReader& reader, std::span<const std::string> ids) {
  std::vector<RowReader::Lookup> lookups;
  for (const auto& member : members_) {
    if (!member->is(JobType::property))
      lookups.push_back({member.get(), ids, &of_member_[member->place].rows});
  }
  return reader.read(lookups);
}

Result<bool> PageRows::read_by_value(RowReader& reader, size_t documents, const KeyOf& key_of) {
  size_t depths = 0;
  for (const auto& member : members_) {
    if (member->is(JobType::property)) depths = std::max(depths, member->depth + 1);
  }
  for (size_t depth = 0; depth < depths; ++depth) {
    std::vector<RowReader::Lookup> lookups;
    for (const auto& member : members_) {
      if (!member->is(JobType::property) || member->depth != depth) continue;
      Found& found = of_member_[member->place];
      found = Found();
      found.key_of.assign(documents, -1);
      std::unordered_map<std::string, int> places;
      for (size_t document = 0; document < documents; ++document) {
        auto key = key_of(*member, document);
        if (!key) continue;
        const auto [place, is_new] = places.try_emplace(*key, static_cast<int>(found.keys.size()));
        if (is_new) found.keys.push_back(*std::move(key));
        found.key_of[document] = place->second;
      }
      lookups.push_back({member.get(), found.keys, &found.rows});
    }
    SYNCLINE_ASSIGN(const bool complete, reader.read(lookups));
    if (!complete) return false;
  }
  return true;
}

std::optional<size_t> PageRows::key_of(const Member& member, DocumentPlace place) const {
  if (!member.is(JobType::property)) return place.id;
  const Found& found = of_member_[member.place];
  if (found.key_of.empty() || found.key_of[place.document] < 0) return std::nullopt;
  return static_cast<size_t>(found.key_of[place.document]);
}

RowPlace PageRows::one(const Member& member, DocumentPlace place) const {
  const auto key = key_of(member, place);
  return key ? of_member_[member.place].rows.one(*key) : RowPlace();
}

const std::string* PageRows::unreadable(DocumentPlace place) const {
  for (const auto& member : members_) {
    const auto key = key_of(*member, place);
    if (!key) continue;
    const std::string* const reason = of_member_[member->place].rows.unreadable(*key);
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

}  // namespace syncline::compose

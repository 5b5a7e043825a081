#include "compose/property_rows.h"

#include <algorithm>
#include <unordered_map>

namespace syncline::compose {

Result<bool> PropertyRows::read(RowReader& reader, size_t documents, const KeyOf& key_of) {
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

RowPlace PropertyRows::row(const Member& property, size_t document) const {
  const Found& found = of_member_[property.place];
  if (found.key_of.empty() || found.key_of[document] < 0) return {};
  return found.rows.one(static_cast<size_t>(found.key_of[document]));
}

const std::string* PropertyRows::unreadable(const Member& property, size_t document) const {
  const Found& found = of_member_[property.place];
  if (found.key_of.empty() || found.key_of[document] < 0) return nullptr;
  return found.rows.unreadable(static_cast<size_t>(found.key_of[document]));
}

}  // namespace syncline::compose

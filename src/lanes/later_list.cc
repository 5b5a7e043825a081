#include "lanes/later_list.h"

#include <algorithm>

namespace syncline::lanes {

void LaterList::add(const std::vector<std::string>& ids, TimePoint due) {
  if (every_document_at_ || ids_ + ids.size() > kIdsMax) {
    every_document_at_ = std::max(due, every_document_at_.value_or(due));
    entries_.clear();
    ids_ = 0;
    return;
  }
  std::vector<std::string>& entry = entries_[due];
  entry.insert(entry.end(), ids.begin(), ids.end());
  ids_ += ids.size();
}

LaterList::Due LaterList::take_due(TimePoint now) {
  Due due;
  while (!entries_.empty() && entries_.begin()->first <= now) {
    std::vector<std::string>& ids = entries_.begin()->second;
    ids_ -= ids.size();
    due.ids.insert(due.ids.end(), ids.begin(), ids.end());
    entries_.erase(entries_.begin());
  }
  if (every_document_at_ && *every_document_at_ <= now) {
    due.every_document = true;
    every_document_at_.reset();
  }
  return due;
}

}  // namespace syncline::lanes

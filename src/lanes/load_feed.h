// LoadFeed: documents deleted beside a load. A row that the load read before it was deleted may
// still be on its way, and the cluster's memory of a delete is weak: so each such document is
// composed once more when all that the load read until then is acknowledged, and no position moves
// past the delete before.
//
// Owner: Stream, on the plan's thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lanes/feed.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class LoadFeed final : public Feed {
 public:
  // So many that the load is to end its COPY.
  static constexpr size_t kDeletesMax = 100'000;

  explicit LoadFeed(WorkTable& table) : table_(table), feed_(table.open_feed()) {}

  void begin() { running_ = true; }
  void end() { running_ = false; }
  bool running() const { return running_; }

  // Documents that were deleted just now. True: there are many.
  bool deleted(const std::vector<std::string>& ids) {
    if (running_) deleted_.insert(deleted_.end(), ids.begin(), ids.end());
    return deleted_.size() > kDeletesMax;
  }
  // What the load read so far is acknowledged.
  void confirm() { table_.add_all(feed_, std::exchange(deleted_, {}), WorkTable::Haste::urgent); }
  bool holds_positions() const { return !deleted_.empty() || !table_.feed_is_clear(feed_); }

  Status step() override { return {}; }

 private:
  WorkTable& table_;
  const FeedId feed_;
  bool running_ = false;
  std::vector<std::string> deleted_;
};

}  // namespace syncline::lanes

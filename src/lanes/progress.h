// Progress: how far a member is in its change log: what was read, what of that is done, and what of
// that is stored. A crash goes on from what is stored, so the three never overtake one another:
// read ≥ done ≥ saved.
//
// Owner: the member's KeyFeed, on the plan's thread. Place in the flow: acknowledged → [position].
// save() is the one place where a position moves.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "capture/position.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class Progress {
 public:
  // Makes the member's position durable.
  using Store = std::function<Status(const capture::Position&)>;
  explicit Progress(Store store) : store_(std::move(store)) {}

  // The keys of this batch, and of all before, are in the table.
  void read(uint64_t batch) { read_ = std::max(read_, batch); }
  // Every document up to there is written, deleted or parked. Error: bug, if that was never read or
  // lies behind what was done before: nothing moves then.
  Status done(WorkTable::Reached reached);
  // What is done and not yet stored, if anything.
  bool unsaved() const { return saved_ < done_; }
  // Stores it. On an error nothing has moved, and it is tried again.
  Status save();

 private:
  const Store store_;
  uint64_t read_ = 0, done_ = 0, saved_ = 0;   // numbers of batches
  std::optional<capture::Position> position_;  // of done_, while it is not stored
};

}  // namespace syncline::lanes

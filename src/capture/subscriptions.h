// Subscriptions: who follows which watch, and whether there is something to read for them.
//
// Owner: Source. Thread-safe: its reader touches and moves the head, feeds ask. Place in the flow:
// change log ─poll→ [wake] → feeds read their keys.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "capture/snapshot.h"

namespace syncline::capture {

class Subscriptions {
 public:
  // Begins touched. `wake` is called on the reader's thread and must not block.
  int add(int watch, std::function<void()> wake);
  // Nobody is woken any more when it returns.
  void remove(int subscription);

  // Whether keys may have been logged since the last call.
  bool take_touched(int subscription);
  // Everything up to the head is known to hold no key for this subscription. Nothing while it is
  // touched, or if the head was taken before `later_than`.
  std::optional<Snapshot> untouched_head(int subscription, TimePoint later_than) const;

  // The reader's. What happened before is not known: there may be keys for everybody.
  void begin(const Snapshot& head, TimePoint taken_at);
  // Keys of these watches were logged; nothing: take every watch. Before the head moves on: whoever
  // is not touched has nothing up to the head.
  void touch(const std::optional<std::vector<int>>& watches);
  void move_head(const Snapshot& head, TimePoint taken_at);

 private:
  struct Subscription {
    int watch = 0;
    bool touched = true;
    std::function<void()> wake;
  };

  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::map<int, Subscription> subscriptions_;
  int next_ = 1;
  Snapshot head_;
  TimePoint head_taken_at_;
};

}  // namespace syncline::capture

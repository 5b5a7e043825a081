// Bell: wakes one thread that waits for news of several kinds.
//
// Owner: the lane whose thread waits. ring() from any thread, after the news was put where it is
// looked for; wait_for() and clear() on the lane's own thread. Its mutex is a leaf: nothing else is
// locked while it is held.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace syncline::lanes {

class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    rang_.notify_all();
  }

  // What rang so far is about to be looked at. Before looking, so that nothing falls between.
  void clear() {
    const std::lock_guard lock(mutex_);
    rung_ = false;
  }

  // Until it rings, or has rung since it was last cleared; no longer than this.
  void wait_for(Duration longest) {
    std::unique_lock lock(mutex_);
    rang_.wait_for(lock, longest, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable rang_;
  bool rung_ = false;  // protected by mutex_
};

}  // namespace syncline::lanes

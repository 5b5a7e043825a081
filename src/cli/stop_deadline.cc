#include "cli/stop_deadline.h"

#include <utility>

namespace syncline::cli {

StopDeadline::StopDeadline(std::chrono::milliseconds delay, std::function<void()> expired)
    : watcher_([this, delay, expired = std::move(expired)] {
        std::unique_lock lock(mutex_);
        if (!stopped_.wait_for(lock, delay, [this] { return in_time_; })) expired();
      }) {}

StopDeadline::~StopDeadline() {
  {
    const std::lock_guard lock(mutex_);
    in_time_ = true;
  }
  stopped_.notify_all();
  watcher_.join();
}

}  // namespace syncline::cli

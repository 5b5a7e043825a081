// WriteTrouble: why the cluster takes no writes. A plan that starts again has only connected: a
// cluster without a shard of the index answers everything but the writes to it. So the reason of
// the last failure stands until what waited then is written, or nothing has failed for long.
//
// Owner: PlanRunner, whose status shows it. Thread-safe. The lanes tell.
#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace syncline::lanes {

class WriteTrouble {
 public:
  // Longer than a body's life and its last request take together: while writes fail it is renewed.
  static constexpr Duration kStands = std::chrono::seconds(120);

  struct Current {
    Error error;
    int64_t since_us = 0;  // the first failure
  };

  explicit WriteTrouble(const Clock& clock) : clock_(clock) {}

  void failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    current_ = Current{error, stands() ? current_->since_us : clock_.wall_time_us()};
    failed_at_ = clock_.now();
  }

  void over() {
    const std::lock_guard lock(mutex_);
    current_.reset();
  }

  std::optional<Current> current() const {
    const std::lock_guard lock(mutex_);
    return stands() ? current_ : std::nullopt;
  }

 private:
  bool stands() const { return current_ && clock_.now() - failed_at_ < kStands; }

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<Current> current_;  // protected by mutex_
  TimePoint failed_at_;             // likewise
};

}  // namespace syncline::lanes

// ManualClock: stands until a test moves it. Thread-safe.
#pragma once

#include <mutex>

#include "base/clock.h"

namespace syncline {

class ManualClock final : public Clock {
 public:
  TimePoint now() const override {
    const std::lock_guard lock(mutex_);
    return TimePoint() + std::chrono::hours(1000) + passed_;
  }
  int64_t wall_time_us() const override {
    constexpr int64_t kStartUs = 1'700'000'000'000'000;
    const std::lock_guard lock(mutex_);
    return kStartUs + std::chrono::duration_cast<std::chrono::microseconds>(passed_).count();
  }
  void advance(Duration by) {
    const std::lock_guard lock(mutex_);
    passed_ += by;
  }

 private:
  mutable std::mutex mutex_;
  Duration passed_{0};
};

}  // namespace syncline

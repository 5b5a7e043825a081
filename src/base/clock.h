// Clock: time as a constructor argument, so that tests own it. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

namespace syncline {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;         // monotonic, for waiting and ages
  virtual int64_t wall_time_us() const = 0;  // since the epoch, for stored times and version floors
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  int64_t wall_time_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace syncline

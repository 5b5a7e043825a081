// LocalSchedule: documents are due when the list says so.
//
// Owner: main, or SqsSchedule, which falls back on it. Thread-safe. Looks at most twice a second
// for each plan, and walks what is due then in pages, so that no document is given twice in one
// round.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "retry/parked_store.h"
#include "retry/retry_schedule.h"

namespace syncline::retry {

class LocalSchedule final : public RetrySchedule {
 public:
  // Both outlive it.
  LocalSchedule(ParkedStore& parked, const Clock& clock) : parked_(parked), clock_(clock) {}

  Result<std::vector<std::string>> take_due(const std::string& plan, size_t max) override {
    return take_overdue(plan, max, {});
  }
  // Only those that have been due for so long; what somebody asked for is always among them.
  Result<std::vector<std::string>> take_overdue(const std::string& plan, size_t max,
                                                std::chrono::microseconds overdue);

 private:
  struct Round {
    bool open = false;
    DueWalk walk;
    TimePoint next_look;
    // What the store had been asked for when it began.
    int64_t hastened = -1, all_asked_us = 0;
  };

  DueWalk begin_walk(const std::string& plan, Round& round, std::chrono::microseconds overdue);

  ParkedStore& parked_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Round> rounds_;  // of plans with something parked
};

}  // namespace syncline::retry

// VersionCounter: the versions of an owned plan, from the counter in the source of its first index
// job.
//
// Owner: PlanContext. Thread-safe. Place in the flow: a composition takes its version here before
// it reads any row.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/stop_signal.h"
#include "capture/source.h"

namespace syncline::compose {

class VersionCounter {
 public:
  VersionCounter(std::shared_ptr<capture::Source> source, int number, const StopSignal& stop)
      : source_(std::move(source)), number_(number), stop_(stop) {}

  Result<int64_t> take();
  // The next versions lie above this one.
  Status raise_above(int64_t version);
  // The highest version taken by any lane so far.
  int64_t highest() const { return highest_.load(); }

 private:
  const std::shared_ptr<capture::Source> source_;
  const int number_;
  const StopSignal& stop_;
  std::atomic<int64_t> highest_{0};
};

}  // namespace syncline::compose

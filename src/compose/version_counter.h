// VersionCounter: the versions of an owned plan, from the counter in the source of its first index
// job.
//
// Owner: PlanContext. Thread-safe. Place in the flow: a composition takes its version here before
// it reads any row.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/result.h"
#include "capture/plan_records.h"

namespace syncline::compose {

class VersionCounter {
 public:
  // number: the plan's, in its record.
  VersionCounter(capture::PlanRecords records, int number)
      : records_(std::move(records)), number_(number) {}

  Result<int64_t> take();
  // The next versions lie above this one.
  Status raise_above(int64_t version);
  // The highest version taken by any lane so far.
  int64_t highest() const { return highest_.load(); }

 private:
  const capture::PlanRecords records_;
  const int number_;
  std::atomic<int64_t> highest_{0};
};

}  // namespace syncline::compose

// DocumentCounts: what a plan wrote, counted in Metrics.
//
// Owner: PlanRunner. Thread-safe: its lanes add, a job's status reads.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "model/metric_families.h"

namespace syncline::compose {

// A counter of the process, of which a status shows what was added since this was made.
class CountSince {
 public:
  explicit CountSince(Counter counter) : counter_(std::move(counter)), begin_(counter_.value()) {}
  void add() const { counter_.add(); }
  int64_t value() const { return counter_.value() - begin_; }

 private:
  Counter counter_;
  int64_t begin_;
};

struct DocumentCounts {
  DocumentCounts(Metrics& metrics, const std::string& plan)
      : indexed(metrics.counter(kDocumentsIndexed, {{kPlanLabel, plan}})),
        deleted(metrics.counter(kDocumentsDeleted, {{kPlanLabel, plan}})),
        conflicts(metrics.counter(kDocumentConflicts, {{kPlanLabel, plan}})) {}

  CountSince indexed, deleted, conflicts;
};

}  // namespace syncline::compose

// JobPlans: which plan a job belongs to, and how to wake it: what those need who store a wish for a
// plan that may not run just now. The room engine implements it, retry and verify ask.
//
// Owner: main. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"

namespace syncline {

class JobPlans {
 public:
  virtual ~JobPlans() = default;

  // target/index. A job that is not configured: an error.
  virtual Result<std::string> plan_of(const std::string& job) const = 0;
  // Something was asked of the plan: it looks soon. One that does not run looks when it starts.
  virtual void nudge_plan(const std::string& plan) = 0;
};

}  // namespace syncline

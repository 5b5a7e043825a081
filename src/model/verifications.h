// Verifications: comparisons of indices with their tables, as somebody asks for them. The room
// verify implements it, control asks, main wires it.
//
// Owner: main. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"

namespace syncline {

class Verifications {
 public:
  virtual ~Verifications() = default;

  // Compares the index of a configured job with the tables of all jobs on it, and mends it if
  // `repair`. Durable before it returns; the plan does it as soon as it is live, and the jobs'
  // statuses show it. A job that is not configured: an error.
  virtual Status verify(const std::string& job, bool repair) = 0;
};

}  // namespace syncline

// RetrySchedule: says which parked documents are to be tried again now.
//
// Two kinds: LocalSchedule goes by the list alone, SqsSchedule by messages in a queue. Owner: main;
// shared by all plans, thread-safe. In the flow: parked → [due] → ids → compose, as with any
// change.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace syncline::retry {

class RetrySchedule {
 public:
  virtual ~RetrySchedule() = default;

  // At most `max` parked documents of the plan that are due. The caller composes them: that ends
  // the parking or puts the next try off. One that it does not compose is given again later. Cheap
  // where nothing is due; never waits for the network.
  virtual Result<std::vector<std::string>> take_due(const std::string& plan, size_t max) = 0;
};

}  // namespace syncline::retry

// RetryPause: how long a plan waits before it starts again. What passes by itself is tried soon;
// what needs a person too, at first, for somebody may be mending it now, then each minute.
//
// Owner: PlanRunner, on its thread. Pure.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/result.h"

namespace syncline::engine {

class RetryPause {
 public:
  // After a run that lasted so long and ended with this error.
  Duration after(const Error& error, Duration lasted) {
    // Each began anew when it ran for long.
    for (Growing* pause : {&passing_, &failed_}) {
      if (lasted > 2 * pause->longest) pause->next = pause->shortest;
    }
    Growing& pause = error.passes() ? passing_ : failed_;
    const Duration wait = pause.next;
    pause.next = std::min<Duration>(2 * pause.next, pause.longest);
    return wait;
  }

 private:
  struct Growing {
    Duration shortest, longest;
    Duration next = shortest;
  };

  Growing passing_{std::chrono::milliseconds(100), std::chrono::seconds(3)};
  Growing failed_{std::chrono::seconds(3), std::chrono::seconds(60)};
};

}  // namespace syncline::engine

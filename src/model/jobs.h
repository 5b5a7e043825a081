// Jobs: what control needs from the part that runs the jobs. The room engine implements it, main
// wires it.
//
// Owner: main. Thread-safe: every method may be called from any thread at any time between start
// and stop.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "model/job_status.h"
#include "model/spec.h"

namespace syncline {

class Jobs {
 public:
  virtual ~Jobs() = default;

  // Takes the new configuration and makes the running plans follow it: what did not change is not
  // disturbed. Returns at once; the work goes on in the engine's threads.
  virtual void apply(std::shared_ptr<const Configuration> configuration) = 0;

  // The status of a configured job. `lag` is taken now, with a query on the source; if that does
  // not answer within a second it is the last known figure, and as_of_us says of when. A job that
  // is not configured: an error.
  virtual Result<JobStatus> status(const std::string& job) = 0;

  // The job's state and error as last known, without touching source or target: for readiness and
  // metrics.
  virtual Result<JobStatus> last_status(const std::string& job) = 0;

  // Stops all plans, nothing lost: positions are stored, threads joined. At most 8 seconds.
  // Idempotent.
  virtual void stop() = 0;
};

}  // namespace syncline

// VerifyCommands: asks that an index be compared with its tables.
//
// Owner: JobService. Thread-safe. In the flow: REST → VerifyCommands → Verifications; the answer is
// the job's status.
#pragma once

#include <string>

#include "control/configured.h"
#include "control/job_commands.h"
#include "control/outcome.h"
#include "model/verifications.h"

namespace syncline::control {

class VerifyCommands {
 public:
  // All outlive the commands.
  VerifyCommands(const Configured& configured, Verifications& verifications,
                 const JobCommands& jobs)
      : configured_(configured), verifications_(verifications), jobs_(jobs) {}

  // Body: nothing, or {"repair": true}.
  Outcome verify(const std::string& job, const Json& body);

 private:
  const Configured& configured_;
  Verifications& verifications_;
  const JobCommands& jobs_;
};

}  // namespace syncline::control

#include "control/verify_commands.h"

#include "control/object_reader.h"

namespace syncline::control {

Outcome VerifyCommands::verify(const std::string& job, const Json& body) {
  Faults faults;
  const bool repair = read_option(body, "repair", faults);
  {
    // Held until it is stored: the job must not go meanwhile.
    const std::lock_guard lock(configured_.mutex);
    if (!configured_.exists(ResourceKind::job, job)) return not_found(ResourceKind::job, job);
    if (!faults.empty()) return invalid(faults);
    if (const Status asked = verifications_.verify(job, repair); !asked.ok())
      return not_stored(asked.error());
  }
  return jobs_.status(job);
}

}  // namespace syncline::control

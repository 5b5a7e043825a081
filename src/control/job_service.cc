#include "control/job_service.h"

#include "control/startup.h"

namespace syncline::control {

JobService::JobService(Store& store, Jobs& jobs, ParkedDocuments& parked,
                       Verifications& verifications)
    : store_(store),
      publisher_(store, jobs),
      resources_(store, configured_, publisher_),
      jobs_(store, configured_, publisher_, jobs),
      parked_(configured_, parked),
      verifications_(configured_, verifications, jobs_) {}

Status JobService::start() {
  const std::lock_guard lock(configured_.mutex);
  SYNCLINE_RETURN_IF_ERROR(load_configured(store_, configured_));
  publisher_.publish(configured_.current);
  return {};
}

}  // namespace syncline::control

// JobService: all commands on sources, targets and jobs, each kind of them in a class of its own,
// and what they share.
//
// Owner: main. Thread-safe once started. In the flow: api → JobService's commands → Store and the
// engine.
#pragma once

#include "base/result.h"
#include "control/configured.h"
#include "control/job_commands.h"
#include "control/parked_commands.h"
#include "control/publisher.h"
#include "control/resource_commands.h"
#include "control/store.h"
#include "control/verify_commands.h"
#include "model/jobs.h"
#include "model/parked_documents.h"
#include "model/verifications.h"

namespace syncline::control {

class JobService {
 public:
  // None is owned; all must outlive the service.
  JobService(Store& store, Jobs& jobs, ParkedDocuments& parked, Verifications& verifications);
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  // Reads what is stored and hands it to the engine. Called once, before anything else. Error:
  // needs_person (the stored state cannot be read).
  Status start();

  ResourceCommands& resources() { return resources_; }
  JobCommands& jobs() { return jobs_; }
  ParkedCommands& parked() { return parked_; }
  VerifyCommands& verifications() { return verifications_; }

 private:
  Store& store_;
  Configured configured_;
  Publisher publisher_;
  ResourceCommands resources_;
  JobCommands jobs_;
  ParkedCommands parked_;
  VerifyCommands verifications_;
};

}  // namespace syncline::control

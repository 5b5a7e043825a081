// JobCommands: pauses, resumes and reloads jobs, and tells how they are.
//
// Owner: JobService. Thread-safe, as ResourceCommands is. In the flow: REST → JobCommands → Store
// and Publisher; for a status → Jobs.
#pragma once

#include <string>
#include <vector>

#include "control/configured.h"
#include "control/outcome.h"
#include "control/publisher.h"
#include "control/store.h"
#include "model/jobs.h"

namespace syncline::control {

// Why the service is not ready: the jobs that are not loading, live or paused.
struct UnreadyJob {
  std::string name;
  std::string reason;
};

class JobCommands {
 public:
  // All outlive the commands.
  JobCommands(Store& store, Configured& configured, Publisher& publisher, Jobs& jobs)
      : store_(store), configured_(configured), publisher_(publisher), jobs_(jobs) {}

  // Answer with the job's status, as status() does. May be repeated.
  Outcome pause(const std::string& job);
  Outcome resume(const std::string& job);
  // Body: nothing, or {"take_over": true}.
  Outcome resync(const std::string& job, const Json& body);
  // May take a second: asks the source.
  Outcome status(const std::string& job) const;

  // Quick: touches neither source nor target.
  std::vector<UnreadyJob> unready() const;

 private:
  enum class Change { pause, resume, resync, take_over };
  Outcome save(const std::string& job, Change change);

  Store& store_;
  Configured& configured_;
  Publisher& publisher_;
  Jobs& jobs_;
};

}  // namespace syncline::control

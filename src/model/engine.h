// Engine: what control needs from the part that runs the jobs. The room engine implements it,
// main wires it.
//
// Owner: main. Thread-safe: every method may be called from any thread at any time between start
// and stop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/failure.h"
#include "model/job_status.h"
#include "model/spec.h"

namespace syncline {

// What tells one life of a database from another.
struct DatabaseHistory {
  std::string identity;  // the server's system identifier, its timeline, the database's oid
  int64_t xmax = 0;      // ids of transactions from here on had not finished
  // A random value in our schema, drawn anew beside changes; empty: not known, or no schema. And
  // the one that is set next, which the database may have already.
  std::string mark, next_mark;
};

// What the engine tells control. Called from the engine's threads; must not call back into the
// engine.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  // Our schema now exists in the database of this source: remember to clean it when no job needs it
  // any more. Durable before it returns.
  virtual Status schema_installed(const std::string& source_name) = 0;
  // Everything of ours is gone from the database of this source of Configuration::sources_to_clean.
  virtual Status schema_removed(const std::string& source_name) = 0;
  // What was last remembered of this source's database, also by an earlier process; nothing if it
  // was never connected. Durable before it returns. An unknown name changes nothing.
  virtual Result<std::optional<DatabaseHistory>> history(const std::string& source_name) = 0;
  virtual Status remember_history(const std::string& source_name,
                                  const DatabaseHistory& history) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

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

  // The parked documents of a configured job, and what can be done with them. A job that is not
  // configured: an error.
  virtual Result<FailurePage> failures(const std::string& job, const FailureQuery& query) = 0;
  // Tries them now: all, or those of the ids. Returns at once; the plan does it as soon as it runs.
  virtual Result<RetriedFailures> retry_failures(
      const std::string& job, const std::optional<std::vector<std::string>>& ids) = 0;
  // Forgets one, until it changes again; gives back what was known of it, nothing if it is not
  // parked.
  virtual Result<std::optional<Failure>> give_up(const std::string& job, const std::string& id) = 0;

  // Compares the index of a configured job with the tables of all jobs on it, and mends it if
  // `repair`. Durable before it returns; the plan does it as soon as it is live, and the jobs'
  // statuses show it. A job that is not configured: an error.
  virtual Status verify(const std::string& job, bool repair) = 0;

  // Stops all plans, nothing lost: positions are stored, threads joined. At most 8 seconds.
  // Idempotent.
  virtual void stop() = 0;
};

}  // namespace syncline

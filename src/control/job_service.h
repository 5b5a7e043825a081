// JobService: the commands on sources, targets and jobs. Checks them, makes them durable in the
// Store, and hands the engine a new configuration.
//
// Owner: main. Thread-safe: commands that write go one after the other, and a command's change is
// on the disk and with the engine before it returns. In the flow: api → JobService → Store and
// Engine.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/failure_json.h"
#include "control/outcome.h"
#include "control/secrets.h"
#include "control/store.h"
#include "model/jobs.h"
#include "model/parked_documents.h"
#include "model/spec.h"
#include "model/verifications.h"

namespace syncline::control {

enum class ResourceKind { source, target, job };

// Why the service is not ready: the jobs that are not loading, live or paused.
struct UnreadyJob {
  std::string name;
  std::string reason;
};

class JobService {
 public:
  // None is owned; all must outlive the service.
  JobService(Store& store, Jobs& jobs, ParkedDocuments& parked, Verifications& verifications)
      : store_(store), jobs_(jobs), parked_(parked), verifications_(verifications) {}

  // Reads what is stored and hands it to the engine. Called once, before anything else. Error:
  // needs_person (the stored state cannot be read).
  Status start();

  // Secrets in all answers are stars.
  Outcome list(ResourceKind kind) const;
  Outcome get(ResourceKind kind, const std::string& name) const;
  Outcome create(ResourceKind kind, const Json& body);
  Outcome replace(ResourceKind kind, const std::string& name, const Json& body);
  Outcome remove(ResourceKind kind, const std::string& name);

  // Answer with the job's status, as status() does. May be repeated.
  Outcome pause(const std::string& job);
  Outcome resume(const std::string& job);
  // Body: nothing, or {"take_over": true}.
  Outcome resync(const std::string& job, const Json& body);
  // Body: nothing, or {"repair": true}.
  Outcome verify(const std::string& job, const Json& body);
  // May take a second: asks the source.
  Outcome status(const std::string& job) const;

  // Parked documents: a page of them, trying them now, giving one up.
  Outcome failures(const std::string& job, const QueryParameters& parameters) const;
  Outcome retry_failures(const std::string& job, const Json& body);
  Outcome give_up(const std::string& job, const std::string& id);

  // Quick: touches neither source nor target.
  std::vector<UnreadyJob> unready_jobs() const;

 private:
  using Bodies = std::map<std::string, Json>;
  // What a create or replace has read so far.
  template <typename Spec>
  struct Draft {
    Spec spec;
    Json body;
    Faults faults;
  };

  std::optional<Refusal> refuse_unknown_job(const std::string& job) const;

  Status load_sources();
  Status load_targets();
  Status load_jobs();

  // All below: mutex_ is held. `stored_name` is null on a create.
  Outcome put(ResourceKind kind, const Json& body, const std::string* stored_name);
  Outcome put_source(const Json& body, const std::string* stored_name);
  Outcome put_target(const Json& body, const std::string* stored_name);
  Outcome put_job(const Json& body, const std::string* stored_name);
  template <typename Spec>
  Draft<Spec> read_draft(const Json& body, const std::string* stored_name,
                         Spec (*parse)(const Json&, Faults&)) const;
  template <typename Spec>
  void restore_draft_secrets(Draft<Spec>& draft, const std::map<std::string, Spec>& specs,
                             ResourceKind kind, const std::string* stored_name) const;
  Status store_removal(ResourceKind kind, const std::string& name);
  enum class JobChange { pause, resume, resync, take_over };
  Outcome save_job_change(const std::string& job, JobChange change);

  void restart_users(ResourceKind kind, const std::string& name);
  std::vector<std::string> users_of(ResourceKind kind, const std::string& name) const;
  std::optional<std::string> heir_of(const std::string& source) const;
  Result<std::vector<std::string>> retired_at_place_of(const SourceSpec& source) const;
  Result<std::map<std::string, SourceSpec>> find_sources_to_clean() const;
  // Hands the current configuration to the engine.
  void publish();

  Bodies& bodies(ResourceKind kind) { return bodies_[static_cast<size_t>(kind)]; }
  const Bodies& bodies(ResourceKind kind) const { return bodies_[static_cast<size_t>(kind)]; }
  bool exists(ResourceKind kind, const std::string& name) const {
    return bodies(kind).contains(name);
  }

  Store& store_;
  Jobs& jobs_;
  ParkedDocuments& parked_;
  Verifications& verifications_;

  mutable std::mutex mutex_;
  Configuration current_;
  std::array<Bodies, 3> bodies_;  // by ResourceKind: as the user gave them, with their secrets
};

}  // namespace syncline::control

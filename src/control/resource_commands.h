// ResourceCommands: lists, gives, creates, replaces and removes sources, targets and jobs.
//
// Owner: JobService. Thread-safe: commands that write go one after the other, and a command's
// change is on the disk and with the engine before it returns. In the flow: REST →
// ResourceCommands → Store and Publisher.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "control/configured.h"
#include "control/outcome.h"
#include "control/publisher.h"
#include "control/resource_kind.h"
#include "control/store.h"
#include "model/spec.h"

namespace syncline::control {

class ResourceCommands {
 public:
  // All outlive the commands.
  ResourceCommands(Store& store, Configured& configured, Publisher& publisher)
      : store_(store), configured_(configured), publisher_(publisher) {}

  // Secrets in all answers are stars.
  Outcome list(ResourceKind kind) const;
  Outcome get(ResourceKind kind, const std::string& name) const;
  Outcome create(ResourceKind kind, const Json& body);
  Outcome replace(ResourceKind kind, const std::string& name, const Json& body);
  Outcome remove(ResourceKind kind, const std::string& name);

 private:
  // In what the kinds differ.
  struct Traits {
    Outcome (ResourceCommands::*put)(const Json& body, const std::string* stored_name);
    Status (ResourceCommands::*store_removal)(const std::string& name);
    void (*erase)(Configuration& configuration, const std::string& name);
    std::string JobSpec::*named_by;  // the jobs that use one name it here; null: none does
  };
  static const std::array<Traits, kResourceKinds> kTraits;
  static const Traits& traits(ResourceKind kind) { return kTraits.at(static_cast<size_t>(kind)); }

  // What a create or replace has read so far.
  template <typename Spec>
  struct Draft {
    Spec spec;
    Json body;
    Faults faults;
  };

  // All below: Configured::mutex is held. `stored_name` is null on a create.
  template <typename Spec>
  Outcome put(const Json& body, const std::string* stored_name);
  template <typename Spec>
  static Draft<Spec> read_draft(const Json& body, const std::string* stored_name);
  // Completes and checks what was read, as the kind wants it.
  void check(Draft<SourceSpec>& draft, const std::string* stored_name) const;
  void check(Draft<TargetSpec>& draft, const std::string* stored_name) const;
  void check(Draft<JobSpec>& draft, const std::string* stored_name) const;
  template <typename Spec>
  void restore(Draft<Spec>& draft, const std::map<std::string, Spec>& specs, ResourceKind kind,
               const std::string* stored_name) const;
  Status store(const Draft<SourceSpec>& draft, const std::string* stored_name);
  Status store(const Draft<TargetSpec>& draft, const std::string* stored_name);
  Status store(const Draft<JobSpec>& draft, const std::string* stored_name);
  void take(SourceSpec spec);
  void take(TargetSpec spec);
  void take(JobSpec spec);
  Status store_source_removal(const std::string& name);
  Status store_target_removal(const std::string& name) { return store_.remove_target(name); }
  Status store_job_removal(const std::string& name) { return store_.remove_job(name); }
  void restart_users(ResourceKind kind, const std::string& name);
  std::vector<std::string> users_of(ResourceKind kind, const std::string& name) const;

  Store& store_;
  Configured& configured_;
  Publisher& publisher_;
};

}  // namespace syncline::control

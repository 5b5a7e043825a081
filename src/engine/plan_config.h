// PlanConfig, PlanParts: what a plan is made of: what was configured, and the parts of the process
// that it uses.
//
// Plain values; the parts outlive the plan. Made by Supervisor.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "capture/source.h"
#include "compose/job_form.h"
#include "index/cluster.h"
#include "index/index_admin.h"
#include "model/spec.h"
#include "retry/parked_store.h"
#include "retry/retry_schedule.h"
#include "verify/verify_store.h"

namespace syncline::engine {

struct PlanConfig {
  TargetSpec target;
  std::string index;
  std::vector<JobConfig> jobs;  // ordered by name
  std::map<std::string, SourceSpec> sources;

  std::string plan() const { return target.name + "/" + index; }
  // An index job defines its documents.
  bool owned() const {
    return std::ranges::any_of(
        jobs, [](const JobConfig& job) { return compose::form_of(job.spec).defines_documents; });
  }
  bool all_paused() const {
    return std::ranges::all_of(jobs, [](const JobConfig& job) { return job.paused; });
  }
  // Precondition: it is one of the plan's.
  const JobConfig& job(const std::string& name) const {
    return *std::ranges::find_if(jobs, [&](const JobConfig& one) { return one.spec.name == name; });
  }
  bool operator==(const PlanConfig&) const = default;
};

struct PlanParts {
  std::map<std::string, std::shared_ptr<capture::Source>> sources;
  std::shared_ptr<index::Cluster> cluster;
  retry::ParkedStore& parked;
  retry::RetrySchedule& retries;
  verify::VerifyStore& verifications;
  Metrics& metrics;
  const Clock& clock;
  std::string instance;  // of this installation
  std::function<std::shared_ptr<const Configuration>()> configuration;
  std::function<void()> ended;  // on the runner's thread, its last call
};

}  // namespace syncline::engine

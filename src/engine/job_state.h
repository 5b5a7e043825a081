// The state and the error that a job's status shows, from what is known of its plan. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/job_status.h"

namespace syncline::engine {

// What ended a plan's last run, or keeps it from writing.
struct Trouble {
  Error error;
  std::string job;  // whose it is; empty: the plan's
  int64_t since_us = 0;
};

struct PlanProgress {
  bool started = false;   // it was running at least once
  bool loading = false;   // until the index's settings are restored
  bool sweeping = false;  // a load's or a resync's sweep is not over
};

struct JobFacts {
  std::string name;
  bool paused = false;
  bool loaded = false;
};

JobState state_of(const JobFacts& job, const PlanProgress& plan,
                  const std::optional<Trouble>& trouble);

// source: whose trouble it is, if it is a database's and known; a message alone does not say.
std::optional<JobError> error_of(const JobFacts& job, const std::optional<Trouble>& trouble,
                                 const std::string& source);

}  // namespace syncline::engine

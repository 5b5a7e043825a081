#include "engine/job_state.h"

#include "engine/error_kind.h"

namespace syncline::engine {

JobState state_of(const JobFacts& job, const PlanProgress& plan,
                  const std::optional<Trouble>& trouble) {
  if (job.paused) return JobState::paused;
  if (trouble) {
    // The others of the index wait for the one that failed.
    const bool own = trouble->job.empty() || trouble->job == job.name;
    return !trouble->error.passes() && own ? JobState::failed : JobState::waiting;
  }
  if (!plan.started) return JobState::starting;
  return job.loaded && !plan.loading && !plan.sweeping ? JobState::live : JobState::loading;
}

std::optional<JobError> error_of(const JobFacts& job, const std::optional<Trouble>& trouble,
                                 const std::string& source) {
  if (!trouble || job.paused) return std::nullopt;
  JobError error{std::string(error_kind(trouble->error)), trouble->error.message,
                 trouble->since_us};
  const bool named = source.empty() || error.message.starts_with("source ");
  if (error.kind.starts_with("source") && !named)
    error.message = "source " + source + ": " + error.message;
  if (!trouble->job.empty() && trouble->job != job.name) {
    error.kind = "other_job";
    error.message = "waiting for job " + trouble->job + " of the same index: " + error.message;
  }
  return error;
}

}  // namespace syncline::engine

// The part of PlanRunner that answers for its jobs.
#include <algorithm>

#include "engine/error_kind.h"
#include "engine/plan_runner.h"

namespace syncline::engine {

namespace {

constexpr auto kConnectPoll = std::chrono::milliseconds(5);
constexpr auto kLagWaitMax = std::chrono::milliseconds(800);

}  // namespace

// What ended the last run, until the next one follows; and while that one cannot write, why not.
std::optional<PlanRunner::Trouble> PlanRunner::shown_trouble() const {
  if (trouble_) return trouble_;
  const auto writes = write_trouble_.current();
  if (!writes) return std::nullopt;
  return Trouble{writes->error, "", writes->since_us};
}

JobState PlanRunner::state_of(const std::string& job, const JobView& view,
                              const std::optional<Trouble>& trouble) const {
  if (view.paused) return JobState::paused;
  if (trouble) {
    const bool failed = !trouble->error.passes();
    // The others of the index wait for the one that failed.
    return failed && (trouble->job.empty() || trouble->job == job) ? JobState::failed
                                                                   : JobState::waiting;
  }
  if (!started_) return JobState::starting;
  return view.load.finished_us && !loading_ && !sweeping_ ? JobState::live : JobState::loading;
}

std::optional<JobError> PlanRunner::error_of(const std::string& job, const JobView& view,
                                             const std::optional<Trouble>& trouble) const {
  if (!trouble || view.paused) return std::nullopt;
  JobError error{std::string(error_kind(trouble->error)), trouble->error.message,
                 trouble->since_us};
  if (error.kind.starts_with("source")) error.message = naming_source(*trouble);
  if (!trouble->job.empty() && trouble->job != job) {
    error.kind = "other_job";
    error.message = "waiting for job " + trouble->job + " of the same index: " + error.message;
  }
  return error;
}

// A message of a database alone does not say of which.
std::string PlanRunner::naming_source(const Trouble& trouble) const {
  const std::string& message = trouble.error.message;
  if (message.starts_with("source ")) return message;
  if (config_.sources.size() != 1 && trouble.job.empty()) return message;
  const std::string& source = config_.sources.size() == 1 ? config_.sources.begin()->first
                                                          : source_of(trouble.job).spec().name;
  return "source " + source + ": " + message;
}

JobStatus PlanRunner::status(const std::string& job, bool fresh_lag) {
  // Before anything else is looked at: what the lag says is then true of the rest.
  const bool taken = fresh_lag && lag_desk_.ask(job, kLagWaitMax);
  JobStatus status;
  status.name = job;
  JobView view;
  bool sweep_due = false;
  {
    const std::lock_guard lock(mutex_);
    view = jobs_[job];
    const auto trouble = shown_trouble();
    status.state = state_of(job, view, trouble);
    status.error = error_of(job, view, trouble);
    sweep_due = sweep_due_;
    status.documents.strangers = strangers_;
  }
  status.warnings = std::move(view.warnings);
  if (view.watch != 0) {
    for (std::string& warning : source_of(job).warnings(view.watch))
      status.warnings.push_back(std::move(warning));
  }
  status.load.rows_done = view.load.rows_done;
  status.load.rows_estimate = view.load.rows_estimate;
  if (view.load.started_us != 0) status.load.started_at_us = view.load.started_us;
  status.load.finished_at_us = view.load.finished_us;
  status.documents.indexed = counts_.indexed;
  status.documents.deleted = counts_.deleted;
  status.documents.conflicts = counts_.conflicts;
  status.parked = parts_.parked.count_job(job);
  if (status.parked > 0) {
    if (auto warning = refusals_.warning()) status.warnings.push_back(*std::move(warning));
  }
  status.verify = parts_.verifications.report(config_.plan());
  status.lag.changes = view.last_lag;
  if (fresh_lag) show_lag(view, taken, status);
  if (sweep_due) ++status.lag.changes;
  if (status.lag.changes > 0) {
    status.lag.seconds =
        std::chrono::duration<double>(parts_.clock.now() - view.caught_up_at).count();
  }
  return status;
}

void PlanRunner::show_lag(const JobView& view, bool taken, JobStatus& status) const {
  if (taken && view.lag_counted) return;
  // What cannot be counted just now is not nothing.
  if (view.reached) status.lag.changes = std::max<int64_t>(1, view.last_lag);
  status.as_of_us = view.lag_counted_at_us;
}

// On the desk's thread: the source may not answer for long.
void PlanRunner::take_lag(const std::string& job) {
  JobView view;
  {
    const std::lock_guard lock(mutex_);
    view = jobs_[job];
  }
  if (!view.reached) recall(job, view);
  const int64_t asked_at_us = parts_.clock.wall_time_us();
  // A plan that never began has nothing to count, and that is known.
  const bool nothing = !view.reached && !source_of(job).error();
  const auto count = view.reached ? count_lag(job, view) : std::nullopt;
  const std::lock_guard lock(mutex_);
  JobView& kept = jobs_[job];
  kept.lag_counted = count.has_value() || nothing;
  if (!count) return;
  kept.last_lag = *count;
  kept.lag_counted_at_us = asked_at_us;
}

capture::Source& PlanRunner::source_of(const std::string& job) const {
  const auto config = std::find_if(config_.jobs.begin(), config_.jobs.end(),
                                   [&](const JobConfig& j) { return j.spec.name == job; });
  return *parts_.sources.at(config->spec.source);
}

// How far an earlier run came, for a plan that did not start yet: paused, or without a cluster.
void PlanRunner::recall(const std::string& job, JobView& view) {
  capture::Source& source = source_of(job);
  const TimePoint deadline = parts_.clock.now() + kLagWaitMax;
  while (source.connecting() && !stop_.raised() && parts_.clock.now() < deadline)
    std::this_thread::sleep_for(kConnectPoll);
  if (source.connecting() || source.error()) return;
  const auto record = source.records(config_.plan(), stop_, kLagWaitMax).read_member(job);
  if (!record.ok() || !*record) return;
  view.watch = (*record)->watch;
  view.load = (*record)->load;
  view.reached = (*record)->position;
  view.fan_out_jobs = {job};
  view.caught_up_at = parts_.clock.now();
  const std::lock_guard lock(mutex_);
  if (!jobs_[job].reached) jobs_[job] = view;
}

// Keys that were logged before now and are not yet in the index: those that the position reached
// does not see, and unfinished fan-outs. Nothing if a source cannot be asked.
std::optional<int64_t> PlanRunner::count_lag(const std::string& job, const JobView& view) {
  capture::Source& source = source_of(job);
  if (source.error()) return std::nullopt;
  const auto changes = source.lag(view.watch, *view.reached, stop_, kLagWaitMax);
  if (!changes.ok()) return std::nullopt;
  const auto fan_outs = count_fan_outs(view);
  if (!fan_outs) return std::nullopt;
  return *changes + *fan_outs;
}

// In the order in which a change moves on: it is stored with the next before it leaves the one.
std::optional<int64_t> PlanRunner::count_fan_outs(const JobView& view) {
  int64_t total = 0;
  for (const std::string& job : view.fan_out_jobs) {
    const auto count =
        source_of(job).records(config_.plan(), stop_, kLagWaitMax).count_fan_outs(job);
    if (!count.ok()) return std::nullopt;
    total += *count;
  }
  return total;
}

// When the last load ended, if the index should be as the tables say.
std::optional<int64_t> PlanRunner::live_since() const {
  const std::lock_guard lock(mutex_);
  if (shown_trouble() || !started_ || loading_ || sweeping_ || sweep_due_) return std::nullopt;
  int64_t since_us = 0;
  for (const auto& [job, view] : jobs_) {
    if (view.paused || !view.load.finished_us) return std::nullopt;
    since_us = std::max(since_us, *view.load.finished_us);
  }
  return since_us;
}

// What each job's source has committed by now.
Result<std::vector<capture::Position>> PlanRunner::mark_changes() {
  std::vector<capture::Position> marks;
  for (const JobConfig& job : config_.jobs) {
    capture::Source& source = *parts_.sources.at(job.spec.source);
    SYNCLINE_ASSIGN(capture::Position mark, source.mark(stop_));
    marks.push_back(std::move(mark));
  }
  return marks;
}

bool PlanRunner::have_passed(const std::vector<capture::Position>& marks) {
  for (size_t i = 0; i < marks.size(); ++i) {
    const std::string& job = config_.jobs[i].spec.name;
    JobView view;
    {
      const std::lock_guard lock(mutex_);
      view = jobs_[job];
    }
    if (!view.reached) return false;
    const bool passed = source_of(job).has_passed(*view.reached, marks[i]);
    if (passed ? count_fan_outs(view) == 0 : count_lag(job, view) == 0) continue;
    return false;
  }
  return true;
}

}  // namespace syncline::engine

#include "engine/plan_runner.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/retry_pause.h"

namespace syncline::engine {

PlanRunner::PlanRunner(PlanConfig config, PlanParts parts)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      memory_(parts_.metrics, config_.plan(), parts_.clock),
      board_(config_, memory_.write_trouble, parts_.clock),
      lag_(config_, parts_, board_, stop_) {
  thread_ = std::thread([this] { run(); });
}

PlanRunner::~PlanRunner() {
  request_stop(Index::keep);
  thread_.join();
}

void PlanRunner::request_stop(Index index) {
  if (index == Index::release) release_index_.store(true);
  stop_.raise();
  const std::lock_guard lock(wishes_.mutex);
  wishes_.changed.notify_all();
  if (wishes_.plan != nullptr) wishes_.plan->wake();
}

void PlanRunner::nudge() {
  const std::lock_guard lock(wishes_.mutex);
  wishes_.nudged = true;
  wishes_.changed.notify_all();
  if (wishes_.plan != nullptr) wishes_.plan->wake();
}

bool PlanRunner::has_ended() const {
  const std::lock_guard lock(wishes_.mutex);
  return wishes_.ended;
}

// False: it is to stop.
bool PlanRunner::pause(Duration duration) {
  std::unique_lock lock(wishes_.mutex);
  wishes_.changed.wait_for(lock, duration, [&] { return stop_.raised() || wishes_.nudged; });
  wishes_.nudged = false;
  return !stop_.raised();
}

void PlanRunner::run() {
  RetryPause retry;
  while (!stop_.raised()) {
    const TimePoint begun = parts_.clock.now();
    const Status ended = run_once();
    if (stop_.raised()) break;
    if (ended.ok()) continue;
    if (ended.error().action != Action::stop) board_.set_trouble(ended.error());
    pause(retry.after(ended.error(), parts_.clock.now() - begun));
  }
  if (release_index_.load()) IndexPreparation(config_, parts_, stop_).release();
  {
    const std::lock_guard lock(wishes_.mutex);
    wishes_.ended = true;
  }
  parts_.ended();
}

Status PlanRunner::run_once() {
  if (config_.all_paused()) {
    while (pause(std::chrono::hours(1))) {
    }
    return Error::stop();
  }
  index::IndexAdmin admin(parts_.cluster->http(), config_.index);
  index::DocumentReader documents(parts_.cluster->http(), config_.index);
  compose::PlanContext context{.plan = config_.plan(),
                               .owned = config_.owned(),
                               .members = {},
                               .cluster = *parts_.cluster,
                               .admin = admin,
                               .documents = documents,
                               .parked = parts_.parked,
                               .retries = parts_.retries,
                               .clock = parts_.clock,
                               .stop = stop_,
                               .counts = memory_.counts,
                               .refusals = memory_.refusals,
                               .touches = memory_.touches,
                               .write_trouble = memory_.write_trouble,
                               .page_sizes = memory_.page_sizes,
                               .versions = nullptr,
                               .write_name = config_.index};
  const int64_t floor = std::max(parts_.clock.wall_time_us(), memory_.highest_version + 1);
  SYNCLINE_ASSIGN(Preparation::Started started,
                  Preparation(config_, parts_, stop_).start(context, floor));
  board_.set_unowned(started.unowned);
  Status ended = follow(context, std::move(started));
  if (context.versions)
    memory_.highest_version = std::max(memory_.highest_version, context.versions->highest());
  return ended;
}

Status PlanRunner::follow(compose::PlanContext& context, Preparation::Started started) {
  const bool ours = started.index.index.created_by_syncline;
  SYNCLINE_RETURN_IF_ERROR(set_load_mode(context, started.index));
  SYNCLINE_RETURN_IF_ERROR(context.parked.assign(context.plan, context.home().name()));
  Status ended;
  {
    Plan plan(context, {config_, parts_, board_, lag_, stop_}, memory_.later,
              std::move(started.stream));
    set_plan(&plan);
    ended = plan.run();
    set_plan(nullptr);
  }
  if (ours) restore_settings(context);
  return ended;
}

void PlanRunner::set_plan(Plan* plan) {
  const std::lock_guard lock(wishes_.mutex);
  wishes_.plan = plan;
}

Status PlanRunner::set_load_mode(compose::PlanContext& context,
                                 const IndexPreparation::Prepared& index) {
  if (Plan::loads(context)) return index.created ? context.admin.begin_load_mode() : Status();
  const bool ours = context.owned && index.index.created_by_syncline;
  return ours ? context.admin.end_load_mode() : Status();
}

// Whatever ended it, the user's settings are put back; a load that goes on later does without.
void PlanRunner::restore_settings(compose::PlanContext& context) {
  if (!board_.is_loading()) return;
  const Status restored = context.admin.end_load_mode();
  if (!restored.ok()) {
    spdlog::warn("{}: settings of the index not yet restored: {}", context.plan,
                 restored.error().message);
  }
}

JobStatus PlanRunner::status(const std::string& job, Lag lag) {
  // Before anything else is looked at: what the lag says is then true of the rest.
  const bool in_time = lag == Lag::counted && lag_.count(job);
  JobStatus status;
  status.name = job;
  StatusBoard::Shown shown = board_.show(job);
  status.state = shown.state;
  status.error = std::move(shown.error);
  status.warnings = std::move(shown.view.warnings);
  if (shown.view.watch != 0) {
    const capture::Source& source = *parts_.sources.at(config_.job(job).spec.source);
    for (std::string& warning : source.warnings(shown.view.watch))
      status.warnings.push_back(std::move(warning));
  }
  const capture::LoadProgress& load = shown.view.load;
  status.load.rows_done = load.rows_done;
  status.load.rows_estimate = load.rows_estimate;
  if (load.started_us != 0) status.load.started_at_us = load.started_us;
  status.load.finished_at_us = load.finished_us;
  status.documents.indexed = memory_.counts.indexed.value();
  status.documents.deleted = memory_.counts.deleted.value();
  status.documents.conflicts = memory_.counts.conflicts.value();
  status.documents.strangers = shown.unowned;
  status.parked = parts_.parked.count_job(job);
  if (status.parked > 0) {
    if (auto warning = memory_.refusals.warning()) status.warnings.push_back(*std::move(warning));
  }
  status.verify = parts_.verifications.report(config_.plan());
  status.lag.changes = shown.lag.changes;
  if (lag == Lag::counted) fill_lag(shown, in_time, status);
  if (shown.sweep_due) ++status.lag.changes;
  if (status.lag.changes > 0) {
    status.lag.seconds =
        std::chrono::duration<double>(parts_.clock.now() - shown.view.caught_up_at).count();
  }
  return status;
}

void PlanRunner::fill_lag(const StatusBoard::Shown& shown, bool in_time, JobStatus& status) const {
  if (in_time && shown.lag.counted) return;
  // What cannot be counted just now is not nothing.
  if (shown.view.reached) status.lag.changes = std::max<int64_t>(1, shown.lag.changes);
  status.as_of_us = shown.lag.counted_at_us;
}

}  // namespace syncline::engine

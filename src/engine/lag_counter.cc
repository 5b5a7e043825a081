#include "engine/lag_counter.h"

#include "capture/plan_records.h"

namespace syncline::engine {

namespace {

constexpr auto kConnectPoll = std::chrono::milliseconds(5);

}  // namespace

LagCounter::LagCounter(const PlanConfig& config, const PlanParts& parts, StatusBoard& board,
                       const StopSignal& stop)
    : config_(config),
      parts_(parts),
      board_(board),
      stop_(stop),
      desk_([this](const std::string& job) { take(job); }) {}

capture::Source& LagCounter::source_of(const std::string& job) const {
  return *parts_.sources.at(config_.job(job).spec.source);
}

// On the desk's thread: the source may not answer for long.
void LagCounter::take(const std::string& job) {
  JobView view = board_.view(job);
  if (!view.reached) {
    if (auto stored = recall(job)) view = *std::move(stored);
  }
  JobLag lag;
  const int64_t asked_at_us = parts_.clock.wall_time_us();
  if (view.reached) {
    const auto count = changes_of(job, view);
    lag.counted = count.has_value();
    lag.changes = count.value_or(0);
    if (count) lag.counted_at_us = asked_at_us;
  } else {
    // A plan that never began has nothing to count, and that is known.
    lag.counted = !source_of(job).error();
  }
  board_.set_lag(job, lag);
}

// How far an earlier run came, for a plan that did not start yet: paused, or without a cluster.
std::optional<JobView> LagCounter::recall(const std::string& job) {
  capture::Source& source = source_of(job);
  const TimePoint deadline = parts_.clock.now() + kPatience;
  while (source.connecting() && parts_.clock.now() < deadline) {
    if (stop_.wait_for(kConnectPoll)) break;
  }
  if (source.connecting() || source.error()) return std::nullopt;
  const auto record = source.records(config_.plan(), stop_, kPatience).read_member(job);
  if (!record.ok() || !*record) return std::nullopt;
  JobView view;
  view.watch = (*record)->watch;
  view.load = (*record)->load;
  view.reached = (*record)->position;
  view.fan_out_jobs = {job};
  view.caught_up_at = parts_.clock.now();
  board_.recalled(job, view);
  return view;
}

// Keys that were logged before now and are not yet in the index: those that the position reached
// does not see, and unfinished fan-outs. Nothing if a source cannot be asked.
std::optional<int64_t> LagCounter::changes_of(const std::string& job, const JobView& view) const {
  capture::Source& source = source_of(job);
  if (source.error()) return std::nullopt;
  const auto changes = source.lag(view.watch, *view.reached, stop_, kPatience);
  if (!changes.ok()) return std::nullopt;
  const auto fan_outs = fan_outs_of(view);
  if (!fan_outs) return std::nullopt;
  return *changes + *fan_outs;
}

// In the order in which a change moves on: it is stored with the next before it leaves the one.
std::optional<int64_t> LagCounter::fan_outs_of(const JobView& view) const {
  int64_t total = 0;
  for (const std::string& job : view.fan_out_jobs) {
    const auto count = source_of(job).records(config_.plan(), stop_, kPatience).count_fan_outs(job);
    if (!count.ok()) return std::nullopt;
    total += *count;
  }
  return total;
}

Result<std::vector<capture::Position>> LagCounter::mark() const {
  std::vector<capture::Position> marks;
  for (const JobConfig& job : config_.jobs) {
    capture::Source& source = *parts_.sources.at(job.spec.source);
    SYNCLINE_ASSIGN(capture::Position mark, source.mark(stop_));
    marks.push_back(std::move(mark));
  }
  return marks;
}

bool LagCounter::passed(const std::vector<capture::Position>& marks) const {
  for (size_t i = 0; i < marks.size(); ++i) {
    const std::string& job = config_.jobs[i].spec.name;
    const JobView view = board_.view(job);
    if (!view.reached) return false;
    const bool covered = source_of(job).has_passed(*view.reached, marks[i]);
    const auto left = covered ? fan_outs_of(view) : changes_of(job, view);
    if (left != 0) return false;
  }
  return true;
}

}  // namespace syncline::engine

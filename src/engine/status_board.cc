#include "engine/status_board.h"

#include <algorithm>

#include "base/log.h"

namespace syncline::engine {

StatusBoard::StatusBoard(const PlanConfig& config, const lanes::WriteTrouble& writes,
                         const Clock& clock)
    : config_(config), writes_(writes), clock_(clock) {}

void StatusBoard::set_trouble(const Error& error) {
  const std::lock_guard lock(mutex_);
  const bool same = trouble_ && trouble_->error.message == error.message;
  if (!same) spdlog::warn("{}: {}", config_.plan(), error.message);
  const auto writes = writes_.current();
  int64_t since_us = clock_.wall_time_us();
  if (trouble_) {
    since_us = trouble_->since_us;
  } else if (writes && writes->error.origin == error.origin && writes->error.code == error.code) {
    since_us = writes->since_us;
  }
  trouble_ = Trouble{error, error.culprit, since_us};
}

void StatusBoard::set_unowned(int64_t documents) {
  const std::lock_guard lock(mutex_);
  unowned_ = documents;
}

void StatusBoard::set_running(const compose::Members& members, const compose::Shape& shape,
                              PlanProgress progress) {
  const std::lock_guard lock(mutex_);
  trouble_.reset();
  progress_ = progress;
  sweep_due_ = progress.sweeping;
  for (const auto& member : members) {
    JobView& view = views_[member->name()];
    view.watch = member->record.watch;
    view.reached = member->record.position;
    view.load = member->record.load;
    view.caught_up_at = clock_.now();
    view.warnings = compose::missing_indexes(shape.node_of(*member));
    view.fan_out_jobs = compose::fan_out_jobs(shape.node_of(*member));
  }
}

void StatusBoard::reached(const std::string& job, const capture::Position& position) {
  const std::lock_guard lock(mutex_);
  JobView& view = views_[job];
  view.reached = position;
  view.caught_up_at = clock_.now();
}

void StatusBoard::loading(const std::string& job, const capture::LoadProgress& progress) {
  const std::lock_guard lock(mutex_);
  views_[job].load = progress;
}

void StatusBoard::loaded() {
  const std::lock_guard lock(mutex_);
  progress_.loading = false;
}

void StatusBoard::sweep_due() {
  const std::lock_guard lock(mutex_);
  sweep_due_ = true;
}

void StatusBoard::swept(int64_t unowned) {
  const std::lock_guard lock(mutex_);
  progress_.sweeping = sweep_due_ = false;
  unowned_ = unowned;
}

void StatusBoard::recalled(const std::string& job, const JobView& view) {
  const std::lock_guard lock(mutex_);
  if (!views_[job].reached) views_[job] = view;
}

void StatusBoard::set_lag(const std::string& job, const JobLag& lag) {
  const std::lock_guard lock(mutex_);
  JobLag& kept = lags_[job];
  kept.counted = lag.counted;
  if (!lag.counted_at_us) return;
  kept.changes = lag.changes;
  kept.counted_at_us = lag.counted_at_us;
}

JobView StatusBoard::view(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  const auto found = views_.find(job);
  return found == views_.end() ? JobView() : found->second;
}

StatusBoard::Shown StatusBoard::show(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  Shown shown;
  if (const auto view = views_.find(job); view != views_.end()) shown.view = view->second;
  if (const auto lag = lags_.find(job); lag != lags_.end()) shown.lag = lag->second;
  const auto trouble = shown_trouble();
  const JobFacts facts{job, config_.job(job).paused, shown.view.load.finished_us.has_value()};
  shown.state = state_of(facts, progress_, trouble);
  shown.error = error_of(facts, trouble, trouble ? source_of(*trouble) : "");
  shown.sweep_due = sweep_due_;
  shown.unowned = unowned_;
  return shown;
}

bool StatusBoard::is_loading() const {
  const std::lock_guard lock(mutex_);
  return progress_.loading;
}

std::optional<int64_t> StatusBoard::live_since() const {
  const std::lock_guard lock(mutex_);
  if (shown_trouble() || !progress_.started || progress_.loading || progress_.sweeping ||
      sweep_due_)
    return std::nullopt;
  int64_t since_us = 0;
  for (const JobConfig& job : config_.jobs) {
    const auto view = views_.find(job.spec.name);
    if (job.paused || view == views_.end() || !view->second.load.finished_us) return std::nullopt;
    since_us = std::max(since_us, *view->second.load.finished_us);
  }
  return since_us;
}

// What ended the last run, until the next one follows; and while that one cannot write, why not.
std::optional<Trouble> StatusBoard::shown_trouble() const {
  if (trouble_) return trouble_;
  const auto writes = writes_.current();
  if (!writes) return std::nullopt;
  return Trouble{writes->error, "", writes->since_us};
}

std::string StatusBoard::source_of(const Trouble& trouble) const {
  if (config_.sources.size() == 1) return config_.sources.begin()->first;
  return trouble.job.empty() ? "" : config_.job(trouble.job).spec.source;
}

}  // namespace syncline::engine

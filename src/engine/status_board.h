// StatusBoard: what a plan's lanes and its runner tell of themselves, and what the statuses of its
// jobs show of it.
//
// Owner: PlanRunner. Thread-safe. Its mutex is a leaf but for the one of WriteTrouble: nothing else
// is called while it is held.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "capture/plan_records.h"
#include "capture/position.h"
#include "compose/member.h"
#include "compose/shape.h"
#include "engine/job_state.h"
#include "engine/plan_config.h"
#include "lanes/write_trouble.h"
#include "model/job_status.h"

namespace syncline::engine {

// How far a job is, as far as its plan knows.
struct JobView {
  int watch = 0;
  std::optional<capture::Position> reached;
  capture::LoadProgress load;
  TimePoint caught_up_at;
  std::vector<std::string> warnings;
  // Jobs whose fan-outs carry its changes: its own, then those that it leads to through a chain.
  std::vector<std::string> fan_out_jobs;
};

// The changes that wait, when they were last asked for.
struct JobLag {
  int64_t changes = 0;                   // shown while the source cannot be asked
  bool counted = false;                  // when it was last asked for
  std::optional<int64_t> counted_at_us;  // when `changes` was true
};

class StatusBoard {
 public:
  // All outlive it.
  StatusBoard(const PlanConfig& config, const lanes::WriteTrouble& writes, const Clock& clock);

  // The runner's news.
  void set_trouble(const Error& error);
  void set_unowned(int64_t documents);
  void set_running(const compose::Members& members, const compose::Shape& shape,
                   PlanProgress progress);
  // The lanes' news, as in LaneEvents.
  void reached(const std::string& job, const capture::Position& position);
  void loading(const std::string& job, const capture::LoadProgress& progress);
  void loaded();
  void sweep_due();
  void swept(int64_t unowned);
  // What is stored of a job whose plan has not started yet; nothing is overwritten.
  void recalled(const std::string& job, const JobView& view);
  // The lag was asked for: nothing if it could not be counted.
  void set_lag(const std::string& job, const JobLag& lag);

  JobView view(const std::string& job) const;
  struct Shown {
    JobView view;
    JobLag lag;
    JobState state = JobState::starting;
    std::optional<JobError> error;
    bool sweep_due = false;
    int64_t unowned = 0;
  };
  Shown show(const std::string& job) const;
  bool is_loading() const;
  // When the last load ended, if the index should be as the tables say.
  std::optional<int64_t> live_since() const;

 private:
  std::optional<Trouble> shown_trouble() const;
  std::string source_of(const Trouble& trouble) const;

  const PlanConfig& config_;
  const lanes::WriteTrouble& writes_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::map<std::string, JobView> views_;
  std::map<std::string, JobLag> lags_;
  std::optional<Trouble> trouble_;
  PlanProgress progress_;
  bool sweep_due_ = false;  // some sweep, a TRUNCATE's included, is not over
  int64_t unowned_ = 0;     // documents that the last sweep left alone
};

}  // namespace syncline::engine

// LagCounter: how many changes of a job wait to reach the index, counted in its source.
//
// Owner: PlanRunner. Thread-safe. Starts a thread (QuestionDesk) that counts on behalf of statuses,
// which must not hang because a database does. Place in the flow: beside it; it only asks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "engine/plan_config.h"
#include "engine/question_desk.h"
#include "engine/status_board.h"

namespace syncline::engine {

class LagCounter {
 public:
  // All outlive it; `stop` ends what is under way.
  LagCounter(const PlanConfig& config, const PlanParts& parts, StatusBoard& board,
             const StopSignal& stop);

  // Counts now, and lets the board know. False: that takes longer than a status may wait.
  bool count(const std::string& job) { return desk_.ask(job, kPatience); }

  // What each job's source has committed by now. Then: whether all of it is in the index.
  Result<std::vector<capture::Position>> mark() const;
  bool passed(const std::vector<capture::Position>& marks) const;

 private:
  static constexpr auto kPatience = std::chrono::milliseconds(800);

  void take(const std::string& job);
  std::optional<JobView> recall(const std::string& job);
  std::optional<int64_t> changes_of(const std::string& job, const JobView& view) const;
  std::optional<int64_t> fan_outs_of(const JobView& view) const;
  capture::Source& source_of(const std::string& job) const;

  const PlanConfig& config_;
  const PlanParts& parts_;
  StatusBoard& board_;
  const StopSignal& stop_;
  QuestionDesk desk_;
};

}  // namespace syncline::engine

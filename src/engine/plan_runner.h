// PlanRunner: one plan as a running thing: starts it, keeps it going, says how it is.
//
// Owner: Supervisor. Its configuration never changes: another configuration is another runner.
// Starts a thread that goes through Preparation → Plan → (trouble) → pause → Preparation …, and
// joins it. Everything it needs to go on is stored durably, so that a start after trouble and a
// start after kill -9 are one and the same.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "compose/plan_context.h"
#include "engine/lag_counter.h"
#include "engine/plan.h"
#include "engine/plan_config.h"
#include "engine/preparation.h"
#include "engine/status_board.h"
#include "index/document_reader.h"
#include "index/index_admin.h"
#include "lanes/later_list.h"
#include "lanes/refusal_watch.h"
#include "lanes/write_trouble.h"
#include "model/job_status.h"

namespace syncline::engine {

class PlanRunner {
 public:
  PlanRunner(PlanConfig config, PlanParts parts);
  ~PlanRunner();  // stops and joins

  // Ends it soon: positions are stored, the answers of what is under way are awaited (bounded).
  enum class Index {
    keep,     // it goes on later
    release,  // nobody wants the plan any more, so that another one may have its index
  };
  void request_stop(Index index);
  // Tries again now what it would have tried after a pause: a source's state changed, or somebody
  // asked for something.
  void nudge();
  bool has_ended() const;
  const PlanConfig& config() const { return config_; }

  // The job's status.
  enum class Lag {
    as_known,
    counted,  // with a query on the source
  };
  JobStatus status(const std::string& job, Lag lag);

 private:
  // What outlives a run.
  struct Memory {
    Memory(Metrics& metrics, const std::string& plan, const Clock& clock)
        : counts(metrics, plan), refusals(clock), write_trouble(clock) {}
    compose::DocumentCounts counts;
    lanes::RefusalWatch refusals;
    compose::TouchWatch touches;
    lanes::WriteTrouble write_trouble;
    compose::PageSizes page_sizes;
    lanes::LaterList later;       // the runner's thread alone
    int64_t highest_version = 0;  // likewise
  };
  // What other threads want of the runner's.
  struct Wishes {
    mutable std::mutex mutex;
    std::condition_variable changed;
    // Protected by mutex:
    bool nudged = false;
    bool ended = false;
    Plan* plan = nullptr;  // while it runs
  };

  void run();
  Status run_once();
  Status follow(compose::PlanContext& context, Preparation::Started started);
  Status set_load_mode(compose::PlanContext& context, const IndexPreparation::Prepared& index);
  void restore_settings(compose::PlanContext& context);
  bool pause(Duration duration);
  void set_plan(Plan* plan);
  void fill_lag(const StatusBoard::Shown& shown, bool in_time, JobStatus& status) const;

  const PlanConfig config_;
  const PlanParts parts_;
  Memory memory_;
  StopSignal stop_;
  std::atomic<bool> release_index_{false};
  StatusBoard board_;
  Wishes wishes_;
  LagCounter lag_;
  std::thread thread_;
};

}  // namespace syncline::engine

// PlanRunner: one index plan as a running thing: starts it, keeps it going, says how it is.
//
// Owner: Supervisor. Its configuration never changes: another configuration is another runner.
// Starts a thread that goes through prepare → load and stream → (trouble) → pause → prepare …, and
// joins it. Everything it needs to go on is stored durably, so that a start after trouble and a
// start after kill -9 are one and the same.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "capture/source.h"
#include "compose/plan_context.h"
#include "engine/question_desk.h"
#include "index/cluster.h"
#include "lanes/loader.h"
#include "lanes/refusal_watch.h"
#include "lanes/stream.h"
#include "lanes/write_trouble.h"
#include "model/job_status.h"
#include "model/spec.h"
#include "postgres/session.h"
#include "verify/verifier.h"

namespace syncline::engine {

struct PlanConfig {
  TargetSpec target;
  std::string index;
  std::vector<JobConfig> jobs;  // ordered by name
  std::map<std::string, SourceSpec> sources;

  std::string plan() const { return target.name + "/" + index; }
  // An index job defines its documents.
  bool owned() const;
  bool operator==(const PlanConfig&) const = default;
};

class PlanRunner final : public lanes::LaneEvents {
 public:
  struct Parts {
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

  PlanRunner(PlanConfig config, Parts parts);
  ~PlanRunner() override;  // stops and joins

  // Ends it soon: positions are stored, the answers of what is under way are awaited (bounded).
  // release_index: nobody wants the plan any more, so that another one may have its index.
  void request_stop(bool release_index = false);
  // Tries again now what it would have tried after a pause: a source's state changed, or somebody
  // asked for something.
  void nudge();
  bool has_ended() const;
  const PlanConfig& config() const { return config_; }

  // The job's status. fresh_lag: count the changes that wait, with a query on the source.
  JobStatus status(const std::string& job, bool fresh_lag);

 private:
  struct JobView {
    bool paused = false;
    int watch = 0;
    std::optional<capture::Position> reached;
    capture::LoadProgress load;
    TimePoint caught_up_at;
    int64_t last_lag = 0;                      // shown while the source cannot be asked
    bool lag_counted = false;                  // when it was last asked for
    std::optional<int64_t> lag_counted_at_us;  // when last_lag was true
    std::vector<std::string> warnings;
    // Jobs whose fan-outs carry its changes: its own, then those that it leads to through a chain.
    std::vector<std::string> fan_out_jobs;
  };
  struct Trouble {
    Error error;
    std::string job;  // empty: the plan's
    int64_t since_us = 0;
  };

  void run();
  Status run_once();
  Result<bool> resync_is_asked(const compose::PlanContext& context);
  Status prepare(compose::PlanContext& context, index::IndexDescription& index, bool& created);
  Error error_of(capture::Source& source, Error error) const;
  std::optional<Error> lacking_privileges(const capture::Source& source,
                                          postgres::Session& session) const;
  Status resolve_members(compose::PlanContext& context);
  Status prepare_index(compose::PlanContext& context, index::IndexDescription& index,
                       bool& created);
  Status create_index(compose::PlanContext& context,
                      const std::vector<index::FieldMapping>& fields);
  Status check_index_kind(const index::IndexDescription& index) const;
  Status claim_index(compose::PlanContext& context, index::IndexDescription& index);
  Status take_index(compose::PlanContext& context, index::IndexDescription& index);
  Result<bool> may_take_over(const compose::PlanContext& context);
  bool is_kept_by_another(const index::IndexDescription& index) const;
  void release_index();
  index::IndexOwner owner() const { return {parts_.instance, config_.plan()}; }
  Status start_members(compose::PlanContext& context, const index::IndexDescription& index,
                       bool& all_started_over);
  Status start_plan(compose::PlanContext& context, const index::IndexDescription& index,
                    bool created, lanes::Stream::Start& start);
  Status start_foreign(compose::PlanContext& context, const capture::PlanRecord& plan,
                       lanes::Stream::Start& start);
  Result<capture::PlanRecord> open_plan(const compose::PlanContext& context);
  Status store_shape(const compose::PlanContext& context, const std::optional<std::string>& shape);
  Error blame_member(compose::PlanContext& context, Error error);
  Status follow(compose::PlanContext& context, const index::IndexDescription& index,
                lanes::Stream::Start start, bool created);
  void reached(const compose::Member& member, const capture::Position& position) override;
  void loading(const compose::Member& member, const capture::LoadProgress& progress) override;
  Status loaded() override;
  void end_segment() override;
  void sweep_due() override;
  void swept(int64_t unowned) override;
  void repaired() override;
  verify::Verifier::Events verifier_events(compose::PlanContext& context);
  std::optional<int64_t> live_since() const;
  Result<std::vector<capture::Position>> mark_changes();
  bool have_passed(const std::vector<capture::Position>& marks);
  void set_trouble(const Error& error);
  void set_running(const compose::PlanContext& context, bool loading, bool sweeping);
  bool pause(Duration duration);
  std::optional<Trouble> shown_trouble() const;
  JobState state_of(const std::string& job, const JobView& view,
                    const std::optional<Trouble>& trouble) const;
  std::optional<JobError> error_of(const std::string& job, const JobView& view,
                                   const std::optional<Trouble>& trouble) const;
  std::string naming_source(const Trouble& trouble) const;
  void take_lag(const std::string& job);
  void show_lag(const JobView& view, bool taken, JobStatus& status) const;
  void recall(const std::string& job, JobView& view);
  std::optional<int64_t> count_lag(const std::string& job, const JobView& view);
  std::optional<int64_t> count_fan_outs(const JobView& view);
  capture::Source& source_of(const std::string& job) const;
  bool all_paused() const;

  const PlanConfig config_;
  const Parts parts_;
  compose::DocumentCounts counts_{parts_.metrics, config_.plan()};
  lanes::RefusalWatch refusals_{parts_.clock};
  compose::TouchWatch touches_;
  lanes::WriteTrouble write_trouble_{parts_.clock};
  compose::PageSizes page_sizes_;
  StopSignal stop_;
  std::atomic<bool> release_index_{false};
  lanes::LaterList later_;       // the runner's thread alone
  int64_t highest_version_ = 0;  // likewise

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  // Protected by mutex_:
  std::map<std::string, JobView> jobs_;
  std::optional<Trouble> trouble_;
  bool started_ = false;    // it was running at least once
  bool loading_ = false;    // until the index's settings are restored
  bool sweeping_ = false;   // a load's or a resync's sweep is not over
  bool sweep_due_ = false;  // some sweep, a TRUNCATE's included, is not over
  int64_t strangers_ = 0;   // documents that the last sweep left alone
  bool ended_ = false;
  bool nudged_ = false;
  lanes::Stream* stream_ = nullptr;
  lanes::Loader* loader_ = nullptr;
  verify::Verifier* verifier_ = nullptr;

  QuestionDesk lag_desk_;
  std::thread thread_;
};

}  // namespace syncline::engine

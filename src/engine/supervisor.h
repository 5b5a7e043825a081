// Supervisor: makes the running plans equal to the configuration.
//
// Owner: main. Thread-safe. Starts two threads and joins them: the manager starts and ends plans,
// sources and clusters; the janitor removes from the source databases what no job needs any more.
// Waiting for one plan to end never delays another.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/stop_signal.h"
#include "engine/plan_runner.h"
#include "model/job_plans.h"
#include "model/jobs.h"
#include "model/source_memory.h"
#include "retry/parked_store.h"
#include "verify/verify_store.h"

namespace syncline::engine {

class Supervisor final : public Jobs, public JobPlans {
 public:
  // All outlive the supervisor.
  Supervisor(retry::ParkedStore& parked, retry::RetrySchedule& retries,
             verify::VerifyStore& verifications, SourceMemory& memory, Metrics& metrics,
             const Clock& clock, std::string instance_id);
  ~Supervisor() override;

  void apply(std::shared_ptr<const Configuration> configuration) override;
  Result<JobStatus> status(const std::string& job) override;
  Result<JobStatus> last_status(const std::string& job) override;
  void stop() override;

  Result<std::string> plan_of(const std::string& job) const override;
  void nudge_plan(const std::string& plan) override;

 private:
  using Plans = std::map<std::string, std::shared_ptr<PlanRunner>>;

  // The manager's thread.
  void manage();
  void reconcile();
  void retire_changed(const std::map<std::string, PlanConfig>& wanted);
  void start_missing(const std::map<std::string, PlanConfig>& wanted);
  void drop_unused(const std::map<std::string, PlanConfig>& wanted);
  void forget_other_plans(const std::map<std::string, PlanConfig>& wanted);
  bool obtain_parts(const PlanConfig& config, PlanParts& parts);
  std::shared_ptr<capture::Source> obtain_source(const SourceSpec& spec);
  void nudge_plans(const std::string& source);
  std::shared_ptr<index::Cluster> obtain_cluster(const TargetSpec& spec);

  // The janitor's thread.
  void clean();
  bool clean_once();
  void drop_later();
  bool clean_running_source(const std::shared_ptr<capture::Source>& source);
  bool clean_left_source(const std::string& name, const SourceSpec& spec);

  Result<JobStatus> find_status(const std::string& job, PlanRunner::Lag lag);
  std::shared_ptr<const Configuration> configuration() const;

  retry::ParkedStore& parked_;
  retry::RetrySchedule& retries_;
  verify::VerifyStore& verifications_;
  SourceMemory& memory_;
  Metrics& metrics_;
  const Clock& clock_;
  const std::string instance_id_;
  StopSignal stop_;

  mutable std::mutex mutex_;
  std::condition_variable manager_wake_, janitor_wake_;
  // Protected by mutex_:
  std::shared_ptr<const Configuration> configuration_;
  bool configured_ = false;  // a configuration was applied
  bool manager_due_ = false;
  bool janitor_due_ = false;
  Plans plans_;
  std::vector<std::shared_ptr<PlanRunner>> retiring_;
  std::map<std::string, std::shared_ptr<capture::Source>> sources_;
  std::map<std::string, std::pair<TargetSpec, std::shared_ptr<index::Cluster>>> clusters_;
  std::set<std::string> cleaning_;  // sources whose schema the janitor is removing

  std::thread manager_, janitor_;
};

}  // namespace syncline::engine

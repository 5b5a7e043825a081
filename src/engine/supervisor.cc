#include "engine/supervisor.h"

#include <algorithm>

#include "base/log.h"
#include "model/metric_families.h"
#include "postgres/session.h"

namespace syncline::engine {

namespace {

constexpr auto kCleanRetry = std::chrono::seconds(5);
constexpr auto kReapInterval = std::chrono::milliseconds(500);
constexpr auto kStopPatience = std::chrono::seconds(4);

// One plan for each (target, index) that jobs name; a job whose source or target is missing has
// none.
std::map<std::string, PlanConfig> wanted_plans(const Configuration& configuration) {
  std::map<std::string, PlanConfig> plans;
  for (const auto& [name, job] : configuration.jobs) {
    const auto target = configuration.targets.find(job.spec.target);
    const auto source = configuration.sources.find(job.spec.source);
    if (target == configuration.targets.end() || source == configuration.sources.end()) continue;
    PlanConfig& plan = plans[job.spec.target + "/" + job.spec.index];
    plan.target = target->second;
    plan.index = job.spec.index;
    plan.jobs.push_back(job);
    plan.sources.emplace(source->first, source->second);
  }
  return plans;
}

}  // namespace

Supervisor::Supervisor(retry::ParkedStore& parked, retry::RetrySchedule& retries,
                       verify::VerifyStore& verifications, SourceMemory& memory, Metrics& metrics,
                       const Clock& clock, std::string instance_id)
    : parked_(parked),
      retries_(retries),
      verifications_(verifications),
      memory_(memory),
      metrics_(metrics),
      clock_(clock),
      instance_id_(std::move(instance_id)),
      configuration_(std::make_shared<Configuration>()),
      manager_([this] { manage(); }),
      janitor_([this] { clean(); }) {}

Supervisor::~Supervisor() {
  stop();
}

std::shared_ptr<const Configuration> Supervisor::configuration() const {
  const std::lock_guard lock(mutex_);
  return configuration_;
}

void Supervisor::apply(std::shared_ptr<const Configuration> configuration) {
  const std::lock_guard lock(mutex_);
  configuration_ = std::move(configuration);
  configured_ = manager_due_ = true;
  manager_wake_.notify_all();
}

Result<JobStatus> Supervisor::status(const std::string& job) {
  return find_status(job, PlanRunner::Lag::counted);
}
Result<JobStatus> Supervisor::last_status(const std::string& job) {
  return find_status(job, PlanRunner::Lag::as_known);
}

Result<JobStatus> Supervisor::find_status(const std::string& job, PlanRunner::Lag lag) {
  std::shared_ptr<PlanRunner> runner;
  JobStatus status;
  status.name = job;
  {
    const std::lock_guard lock(mutex_);
    const auto configured = configuration_->jobs.find(job);
    if (configured == configuration_->jobs.end()) return Error::bug("no such job: " + job);
    status.state = configured->second.paused ? JobState::paused : JobState::starting;
    const auto plan =
        plans_.find(configured->second.spec.target + "/" + configured->second.spec.index);
    if (plan != plans_.end()) {
      const auto& jobs = plan->second->config().jobs;
      // A runner of an older configuration says nothing of a job that changed since.
      if (std::find(jobs.begin(), jobs.end(), configured->second) != jobs.end())
        runner = plan->second;
    }
  }
  if (!runner) {
    status.parked = parked_.count_job(job);
    if (const auto plan = plan_of(job); plan.ok()) status.verify = verifications_.report(*plan);
    return status;
  }
  return runner->status(job, lag);
}

Result<std::string> Supervisor::plan_of(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  const auto configured = configuration_->jobs.find(job);
  if (configured == configuration_->jobs.end()) return Error::bug("no such job: " + job);
  return configured->second.spec.target + "/" + configured->second.spec.index;
}

void Supervisor::nudge_plan(const std::string& plan) {
  const std::lock_guard lock(mutex_);
  const auto running = plans_.find(plan);
  if (running != plans_.end()) running->second->nudge();
}

void Supervisor::stop() {
  if (!manager_.joinable()) return;
  stop_.raise();
  {
    const std::lock_guard lock(mutex_);
    manager_wake_.notify_all();
    janitor_wake_.notify_all();
  }
  manager_.join();
  janitor_.join();
}

void Supervisor::manage() {
  while (!stop_.raised()) {
    reconcile();
    std::unique_lock lock(mutex_);
    // A plan that is ending tells by waking us; the interval only covers for what is freed a moment
    // later.
    const bool pending = !retiring_.empty();
    const auto due = [&] { return manager_due_ || stop_.raised(); };
    if (pending) {
      manager_wake_.wait_for(lock, kReapInterval, due);
    } else {
      manager_wake_.wait(lock, due);
    }
    manager_due_ = false;
  }
  Plans plans;
  std::vector<std::shared_ptr<PlanRunner>> retiring;
  {
    const std::lock_guard lock(mutex_);
    plans.swap(plans_);
    retiring.swap(retiring_);
  }
  for (auto& [name, plan] : plans) {
    plan->request_stop(PlanRunner::Index::keep);
    retiring.push_back(std::move(plan));
  }
  plans.clear();
  std::unique_lock lock(mutex_);
  const auto all_ended = [&] {
    return std::all_of(retiring.begin(), retiring.end(),
                       [](const auto& plan) { return plan->has_ended(); });
  };
  manager_wake_.wait_for(lock, kStopPatience, all_ended);
  // What still hangs on a cluster that does not answer is cut off.
  for (auto& [name, cluster] : clusters_) cluster.second->http().cancel_all();
  auto sources = std::move(sources_);
  auto clusters = std::move(clusters_);
  lock.unlock();
  retiring.clear();
  sources.clear();
}

void Supervisor::reconcile() {
  bool configured = false;
  std::shared_ptr<const Configuration> current;
  {
    const std::lock_guard lock(mutex_);
    configured = configured_;
    current = configuration_;
  }
  const std::map<std::string, PlanConfig> wanted = wanted_plans(*current);
  std::vector<std::shared_ptr<PlanRunner>> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto first_ended = std::partition(retiring_.begin(), retiring_.end(),
                                            [](const auto& plan) { return !plan->has_ended(); });
    std::move(first_ended, retiring_.end(), std::back_inserter(ended));
    retiring_.erase(first_ended, retiring_.end());
  }
  ended.clear();  // joins threads that have ended
  if (configured) forget_other_plans(wanted);
  retire_changed(wanted);
  start_missing(wanted);
  drop_unused(wanted);
  const std::lock_guard lock(mutex_);
  if (retiring_.empty()) {
    janitor_due_ = true;
    janitor_wake_.notify_all();
  }
}

// What is parked for plans that no job has any more, what a crash left, too; what was counted of
// them.
void Supervisor::forget_other_plans(const std::map<std::string, PlanConfig>& wanted) {
  for (const std::string& plan : parked_.plans()) {
    {
      const std::lock_guard lock(mutex_);
      const bool ending = std::any_of(retiring_.begin(), retiring_.end(), [&](const auto& old) {
        return old->config().plan() == plan;
      });
      if (ending || wanted.count(plan) != 0) continue;
    }
    if (const Status forgotten = parked_.remove_plan(plan); !forgotten.ok()) {
      spdlog::warn("{}: parked documents not yet removed: {}", plan, forgotten.error().message);
    }
  }
  const auto unwanted = [&](const std::string& plan) { return wanted.count(plan) == 0; };
  metrics_.forget(kPlanLabel, unwanted);
  const Status forgotten = verifications_.forget(unwanted);
  if (!forgotten.ok()) spdlog::warn("verifications not yet removed: {}", forgotten.error().message);
}

void Supervisor::retire_changed(const std::map<std::string, PlanConfig>& wanted) {
  const std::lock_guard lock(mutex_);
  for (auto plan = plans_.begin(); plan != plans_.end();) {
    const auto same = wanted.find(plan->first);
    if (same != wanted.end() && same->second == plan->second->config()) {
      ++plan;
      continue;
    }
    plan->second->request_stop(same == wanted.end() ? PlanRunner::Index::release
                                                    : PlanRunner::Index::keep);
    retiring_.push_back(std::move(plan->second));
    plan = plans_.erase(plan);
  }
}

void Supervisor::start_missing(const std::map<std::string, PlanConfig>& wanted) {
  for (const auto& [name, config] : wanted) {
    const std::lock_guard lock(mutex_);
    if (plans_.count(name) != 0) continue;
    // Two runners of one plan would compose one document twice at a time.
    const bool still_ending =
        std::any_of(retiring_.begin(), retiring_.end(),
                    [&, plan = name](const auto& old) { return old->config().plan() == plan; });
    PlanParts parts{{},
                    nullptr,
                    parked_,
                    retries_,
                    verifications_,
                    metrics_,
                    clock_,
                    instance_id_,
                    [this] { return configuration(); },
                    [this] {
                      const std::lock_guard wake(mutex_);
                      manager_due_ = true;
                      manager_wake_.notify_all();
                    }};
    if (still_ending || !obtain_parts(config, parts)) continue;
    plans_.emplace(name, std::make_shared<PlanRunner>(config, std::move(parts)));
  }
}

// Precondition of these three: mutex_ is held. False or null: an older one with other settings is
// still in use.
bool Supervisor::obtain_parts(const PlanConfig& config, PlanParts& parts) {
  for (const auto& [name, spec] : config.sources) {
    std::shared_ptr<capture::Source> source = obtain_source(spec);
    if (!source) return false;
    parts.sources.emplace(name, std::move(source));
  }
  parts.cluster = obtain_cluster(config.target);
  return parts.cluster != nullptr;
}

std::shared_ptr<capture::Source> Supervisor::obtain_source(const SourceSpec& spec) {
  if (cleaning_.count(spec.name) != 0) return nullptr;
  const auto found = sources_.find(spec.name);
  if (found != sources_.end() && found->second->spec() == spec) return found->second;
  if (found != sources_.end())
    return nullptr;  // drop_unused() takes it away when its plans have ended
  capture::Source::Memory memory;
  memory.installed = [this, name = spec.name] { return memory_.schema_installed(name); };
  memory.history = [this, name = spec.name] { return memory_.history(name); };
  memory.remember_history = [this, name = spec.name](const DatabaseHistory& history) {
    return memory_.remember_history(name, history);
  };
  auto source = std::make_shared<capture::Source>(spec, instance_id_, clock_, std::move(memory));
  source->on_change([this, name = spec.name] { nudge_plans(name); });
  sources_.emplace(spec.name, source);
  return source;
}

void Supervisor::nudge_plans(const std::string& source) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, plan] : plans_) {
    if (plan->config().sources.count(source) != 0) plan->nudge();
  }
}

std::shared_ptr<index::Cluster> Supervisor::obtain_cluster(const TargetSpec& spec) {
  const auto found = clusters_.find(spec.name);
  if (found != clusters_.end()) return found->second.first == spec ? found->second.second : nullptr;
  auto cluster = std::make_shared<index::Cluster>(spec, clock_);
  clusters_.emplace(spec.name, std::make_pair(spec, cluster));
  return cluster;
}

void Supervisor::drop_unused(const std::map<std::string, PlanConfig>& wanted) {
  std::vector<std::shared_ptr<capture::Source>> sources;
  std::vector<std::shared_ptr<index::Cluster>> clusters;
  {
    const std::lock_guard lock(mutex_);
    const auto source_wanted = [&](const capture::Source& source) {
      return std::any_of(wanted.begin(), wanted.end(), [&](const auto& plan) {
        const auto found = plan.second.sources.find(source.spec().name);
        return found != plan.second.sources.end() && found->second == source.spec();
      });
    };
    for (auto source = sources_.begin(); source != sources_.end();) {
      const bool drop = source->second.use_count() == 1 && !source_wanted(*source->second);
      if (drop) sources.push_back(std::move(source->second));
      source = drop ? sources_.erase(source) : std::next(source);
    }
    for (auto cluster = clusters_.begin(); cluster != clusters_.end();) {
      const bool wanted_still = std::any_of(wanted.begin(), wanted.end(), [&](const auto& plan) {
        return plan.second.target == cluster->second.first;
      });
      const bool drop = cluster->second.second.use_count() == 1 && !wanted_still;
      if (drop) clusters.push_back(std::move(cluster->second.second));
      cluster = drop ? clusters_.erase(cluster) : std::next(cluster);
    }
    // Plans that wait for these may start now.
    if (!sources.empty() || !clusters.empty()) manager_due_ = true;
  }
}

void Supervisor::clean() {
  std::unique_lock lock(mutex_);
  bool complete = true;
  while (!stop_.raised()) {
    const auto due = [&] { return janitor_due_ || stop_.raised(); };
    if (complete) {
      janitor_wake_.wait(lock, due);
    } else {
      janitor_wake_.wait_for(lock, kCleanRetry, due);
    }
    if (stop_.raised()) return;
    janitor_due_ = false;
    lock.unlock();
    complete = clean_once();
    lock.lock();
  }
}

bool Supervisor::clean_once() {
  std::vector<std::shared_ptr<capture::Source>> running;
  std::map<std::string, SourceSpec> left;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, source] : sources_) running.push_back(source);
    left = configuration_->sources_to_clean;
  }
  bool complete = true;
  for (auto& source : running) {
    complete &= clean_running_source(source);
    source.reset();
  }
  drop_later();
  for (const auto& [name, spec] : left) complete &= clean_left_source(name, spec);
  return complete;
}

// A source that nobody wants any more may have outlived its plans only because it was being
// cleaned.
void Supervisor::drop_later() {
  const std::lock_guard lock(mutex_);
  const auto wanted = wanted_plans(*configuration_);
  const auto unwanted = [&](const auto& source) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const auto& plan) {
      return plan.second.sources.contains(source.first);
    });
  };
  if (!retiring_.empty() || std::none_of(sources_.begin(), sources_.end(), unwanted)) return;
  manager_due_ = true;
  manager_wake_.notify_all();
}

bool Supervisor::clean_running_source(const std::shared_ptr<capture::Source>& source) {
  if (source->error()) return false;
  auto session = source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_);
  if (!session.ok()) return false;
  // Under the lock that starting members take: what is configured by then is not removed.
  const std::lock_guard admin(source->admin_mutex());
  std::set<std::pair<std::string, std::string>> wanted;
  const auto current = configuration();
  for (const auto& [name, plan] : wanted_plans(*current)) {
    for (const JobConfig& job : plan.jobs) {
      // The plan's versions are counted in the source of its first job, whose record keeps the
      // plan's.
      if (job.spec.source == source->spec().name) wanted.emplace(name, job.spec.name);
    }
  }
  const Status done = source->forget_others(**session, wanted, stop_);
  if (!done.ok())
    spdlog::info("source {}: not cleaned yet: {}", source->spec().name, done.error().message);
  return done.ok();
}

bool Supervisor::clean_left_source(const std::string& name, const SourceSpec& spec) {
  {
    const std::lock_guard lock(mutex_);
    if (configuration_->sources_to_clean.count(name) == 0) return true;
    if (sources_.count(name) != 0) return false;
    cleaning_.insert(name);
  }
  auto session = postgres::Session::open(spec, stop_);
  capture::Capture capture(spec, instance_id_);
  Status done = session.ok() ? capture.uninstall(**session, stop_) : Status(session.error());
  if (done.ok()) done = memory_.schema_removed(name);
  if (!done.ok()) spdlog::info("source {}: not cleaned yet: {}", name, done.error().message);
  const std::lock_guard lock(mutex_);
  cleaning_.erase(name);
  manager_due_ = true;
  manager_wake_.notify_all();
  if (done.ok() && configuration_->sources_to_clean.count(name) != 0) {
    auto cleaned = std::make_shared<Configuration>(*configuration_);
    cleaned->sources_to_clean.erase(name);
    configuration_ = std::move(cleaned);
  }
  return done.ok();
}

}  // namespace syncline::engine

#include "pipeline/plan_runner.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/log.h"

namespace syncline {

namespace {

constexpr auto kPauseMin = std::chrono::milliseconds(100);
constexpr auto kConnectPoll = std::chrono::milliseconds(5);
constexpr auto kPauseMax = std::chrono::seconds(3);
constexpr auto kFailedPause = std::chrono::seconds(60);
// Stored as the plan's shape while a resync that a user asked for is not over: strangers go as
// well.
constexpr const char* kResyncShape = "resync";

// What the plan's documents are made of: another shape means that every document has to be
// composed.
std::string shape_of(const PlanContext& context) {
  std::string text;
  for (const auto& member : context.members)
    text += member->name() + "\n" + member->definition + "\n";
  return digest(text);
}

std::vector<FieldMapping> fields_of(const PlanContext& context) {
  std::vector<FieldMapping> fields;
  std::set<std::string> names;
  for (const auto& member : context.members) {
    for (const FieldMapping& field : member->fields) {
      if (names.insert(field.name).second) fields.push_back(field);
    }
  }
  return fields;
}

std::vector<std::string> settings_of(const PlanContext& context) {
  std::vector<std::string> settings;
  for (const auto& member : context.members) settings.push_back(member->config.spec.settings_json);
  return settings;
}

}  // namespace

PlanRunner::PlanRunner(PlanConfig config, Parts parts)
    : config_(std::move(config)), parts_(std::move(parts)) {
  for (const JobConfig& job : config_.jobs) jobs_[job.spec.name].paused = job.paused;
  thread_ = std::thread([this] { run(); });
}

PlanRunner::~PlanRunner() {
  request_stop();
  thread_.join();
}

void PlanRunner::request_stop() {
  stop_.raise();
  const std::lock_guard lock(mutex_);
  woken_.notify_all();
  if (stream_ != nullptr) stream_->wake();
}

void PlanRunner::nudge() {
  const std::lock_guard lock(mutex_);
  nudged_ = true;
  woken_.notify_all();
  if (stream_ != nullptr) stream_->wake();
}

bool PlanRunner::has_ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool PlanRunner::pause(Duration duration) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, duration, [&] { return stop_.raised() || nudged_; });
  nudged_ = false;
  return !stop_.raised();
}

bool PlanRunner::all_paused() const {
  return std::all_of(config_.jobs.begin(), config_.jobs.end(),
                     [](const JobConfig& job) { return job.paused; });
}

void PlanRunner::run() {
  Duration retry_pause = kPauseMin;
  while (!stop_.raised()) {
    const TimePoint begun = parts_.clock.now();
    Status ended = run_once();
    if (stop_.raised()) break;
    if (ended.ok()) continue;
    set_trouble(ended.error());
    if (parts_.clock.now() - begun > 2 * kPauseMax) retry_pause = kPauseMin;
    const bool needs_person = ended.error().action != Action::retry;
    pause(needs_person ? Duration(kFailedPause) : retry_pause);
    retry_pause = std::min<Duration>(2 * retry_pause, kPauseMax);
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  parts_.ended();
}

Status PlanRunner::run_once() {
  failing_job_.clear();
  IndexAdmin admin(parts_.cluster->http(), config_.index);
  PlanContext context{config_.plan(), {},    *parts_.cluster, admin, parts_.parked,
                      parts_.clock,   stop_, counts_,         0,     0,
                      nullptr};
  IndexDescription index;
  bool created = false;
  SYNCLINE_RETURN_IF_ERROR(prepare(context, index, created));

  Member& first = *context.members.front();
  SYNCLINE_ASSIGN(auto session,
                  first.source->sessions().acquire(SessionPool::Use::short_work, stop_));
  const PlanStore& store = first.source->plan_store();
  const int64_t floor = std::max(parts_.clock.wall_time_us(), highest_version_ + 1);
  SYNCLINE_ASSIGN(PlanRecord plan, store.open_plan(*session, context.plan, floor));
  SYNCLINE_ASSIGN(const bool resync_asked, resync_is_asked(context));
  if (resync_asked) {
    // Stored before the members start over, so that a crash does not forget what was asked for.
    SYNCLINE_RETURN_IF_ERROR(store.set_shape(*session, context.plan, kResyncShape));
    plan.shape = kResyncShape;
  }
  context.versions = std::make_unique<VersionCounter>(first.source, plan.number, stop_);
  context.strangers_below_after_resync = index.created_by_syncline ? 0 : plan.version_base;
  context.strangers_below = plan.shape == kResyncShape ? 0 : context.strangers_below_after_resync;

  bool all_started_over = false;
  SYNCLINE_RETURN_IF_ERROR(start_members(context, index, all_started_over));
  const std::string shape = shape_of(context);
  std::optional<SweepOptions> sweep;
  if (created && all_started_over) {
    // Nothing can be in it yet but what is loaded now.
    SYNCLINE_RETURN_IF_ERROR(store.set_shape(*session, context.plan, shape));
  } else if (all_started_over) {
    if (plan.shape != kResyncShape) {
      SYNCLINE_RETURN_IF_ERROR(store.set_shape(*session, context.plan, std::nullopt));
    }
    SYNCLINE_ASSIGN(const int64_t since, context.versions->take());
    sweep = SweepOptions{since, context.strangers_below};
  } else if (plan.shape != shape) {
    sweep = SweepOptions{0, context.strangers_below};
  }
  session = SessionPool::Lease();
  Status ended = follow(context, index, shape, sweep, created);
  highest_version_ = std::max(highest_version_, context.versions->highest());
  return ended;
}

// Whether a member was asked to load again since it last started over.
Result<bool> PlanRunner::resync_is_asked(const PlanContext& context) {
  for (const auto& member : context.members) {
    if (member->config.resync_generation == 0) continue;
    SYNCLINE_ASSIGN(const auto session,
                    member->source->sessions().acquire(SessionPool::Use::short_work, stop_));
    SYNCLINE_ASSIGN(const auto stored, member->source->plan_store().read_member(
                                           *session, context.plan, member->name()));
    if (stored && stored->resync != member->config.resync_generation) return true;
  }
  return false;
}

Status PlanRunner::prepare(PlanContext& context, IndexDescription& index, bool& created) {
  if (all_paused()) {
    while (pause(std::chrono::hours(1))) {
    }
    return Error::retry("stopping");
  }
  for (const auto& [name, source] : parts_.sources) {
    while (source->connecting() && pause(kConnectPoll)) {
    }
    if (auto error = source->error()) return std::move(*error).prefixed("source " + name);
  }
  SYNCLINE_RETURN_IF_ERROR(resolve_members(context));
  Status prepared = prepare_index(context, index, created);
  if (prepared.ok()) return prepared;
  Error error = std::move(prepared).error();
  if (error.code.empty()) error.code = "mapping";  // a conflict of mappings, not an answer's status
  return error;
}

Status PlanRunner::resolve_members(PlanContext& context) {
  for (const JobConfig& job : config_.jobs) {
    const std::shared_ptr<Source>& source = parts_.sources.at(job.spec.source);
    SYNCLINE_ASSIGN(const auto session,
                    source->sessions().acquire(SessionPool::Use::short_work, stop_));
    failing_job_ = job.spec.name;
    SYNCLINE_ASSIGN(auto member, resolve_member(job, source, *session));
    failing_job_.clear();
    context.members.push_back(std::move(member));
  }
  make_writers(context.members);
  return {};
}

Status PlanRunner::prepare_index(PlanContext& context, IndexDescription& index, bool& created) {
  SYNCLINE_ASSIGN(auto described, context.admin.describe());
  const std::vector<FieldMapping> fields = fields_of(context);
  if (!described) {
    SYNCLINE_RETURN_IF_ERROR(context.admin.create(fields, settings_of(context)));
    created = true;
    SYNCLINE_ASSIGN(described, context.admin.describe());
    if (!described) return Error::retry("the index is gone again just after it was created", "404");
  } else {
    SYNCLINE_RETURN_IF_ERROR(context.admin.add_missing_fields(fields));
  }
  index = *described;
  return {};
}

Status PlanRunner::start_members(PlanContext& context, const IndexDescription& index,
                                 bool& all_started_over) {
  all_started_over = true;
  const auto configuration = parts_.configuration();
  const int64_t now_us = parts_.clock.wall_time_us();
  for (const auto& member : context.members) {
    SYNCLINE_ASSIGN(const auto session,
                    member->source->sessions().acquire(SessionPool::Use::short_work, stop_));
    failing_job_ = member->name();
    SYNCLINE_RETURN_IF_ERROR(start_member(
        *member, *session, {context.plan, index.uuid, configuration.get(), now_us}, stop_));
    failing_job_.clear();
    if (member->record.load.started_us != now_us) all_started_over = false;
    member->cursor.emplace(member->source->change_log(), member->record.watch,
                           member->record.position);
  }
  return {};
}

Status PlanRunner::follow(PlanContext& context, const IndexDescription& index,
                          const std::string& shape, std::optional<SweepOptions> sweep,
                          bool created) {
  const bool loads =
      std::any_of(context.members.begin(), context.members.end(), [](const auto& member) {
        return !member->config.paused && !member->record.load.finished_us;
      });
  if (loads && created) {
    SYNCLINE_RETURN_IF_ERROR(context.admin.begin_load_mode());
  } else if (!loads && index.created_by_syncline) {
    SYNCLINE_RETURN_IF_ERROR(context.admin.end_load_mode());
  }
  set_running(context, loads, sweep.has_value());
  Stream stream(context, later_, index.uuid, shape, sweep, stream_events(context.admin));
  std::optional<Loader> loader;
  if (loads) {
    stream.load_started();
    loader.emplace(context, loader_events(stream));
  }
  {
    const std::lock_guard lock(mutex_);
    stream_ = &stream;
    loader_ = loader ? &*loader : nullptr;
  }
  if (loader) loader->start();
  Status ended = stream.run();
  {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
    loader_ = nullptr;
  }
  loader.reset();
  // Whatever ended it, the user's settings are put back; a load that goes on later does without.
  bool unfinished = false;
  {
    const std::lock_guard lock(mutex_);
    unfinished = loading_;
  }
  if (unfinished && index.created_by_syncline) {
    if (const Status restored = context.admin.end_load_mode(); !restored.ok()) {
      spdlog::warn("{}: settings of the index not yet restored: {}", context.plan,
                   restored.error().message);
    }
  }
  return ended;
}

Loader::Events PlanRunner::loader_events(Stream& stream) {
  Loader::Events events;
  events.segment_ended = [&stream] { stream.segment_ended(); };
  events.outcome_unknown = [&stream](const std::vector<std::string>& ids) {
    stream.outcome_unknown(ids);
  };
  events.progress = [this](const Member& member, const LoadProgress& progress) {
    const std::lock_guard lock(mutex_);
    jobs_[member.name()].load = progress;
  };
  events.finished = [this, &stream](Status status) {
    {
      const std::lock_guard lock(mutex_);
      loader_ = nullptr;
    }
    stream.load_finished(std::move(status));
  };
  return events;
}

Stream::Events PlanRunner::stream_events(IndexAdmin& admin) {
  Stream::Events events;
  events.loaded = [this, &admin]() -> Status {
    SYNCLINE_RETURN_IF_ERROR(admin.end_load_mode());
    const std::lock_guard lock(mutex_);
    loading_ = false;
    return {};
  };
  events.reached = [this](const Member& member, const Position& position) {
    const std::lock_guard lock(mutex_);
    JobView& view = jobs_[member.name()];
    view.reached = position;
    view.caught_up_at = parts_.clock.now();
  };
  events.end_segment = [this] {
    const std::lock_guard lock(mutex_);
    if (loader_ != nullptr) loader_->end_segment();
  };
  events.give_way = [this] {
    const std::lock_guard lock(mutex_);
    if (loader_ != nullptr) loader_->give_way();
  };
  events.sweep_due = [this] {
    const std::lock_guard lock(mutex_);
    sweep_due_ = true;
  };
  events.swept = [this] {
    const std::lock_guard lock(mutex_);
    sweeping_ = sweep_due_ = false;
  };
  return events;
}

void PlanRunner::set_trouble(const Error& error) {
  const std::lock_guard lock(mutex_);
  const bool same = trouble_ && trouble_->error.message == error.message;
  if (!same) spdlog::warn("{}: {}", config_.plan(), error.message);
  const int64_t since_us = trouble_ ? trouble_->since_us : parts_.clock.wall_time_us();
  trouble_ = Trouble{error, failing_job_, since_us};
}

void PlanRunner::set_running(const PlanContext& context, bool loading, bool sweeping) {
  const std::lock_guard lock(mutex_);
  loading_ = loading;
  trouble_.reset();
  started_ = true;
  sweeping_ = sweep_due_ = sweeping;
  for (const auto& member : context.members) {
    JobView& view = jobs_[member->name()];
    view.watch = member->record.watch;
    view.reached = member->record.position;
    view.load = member->record.load;
    view.caught_up_at = parts_.clock.now();
  }
}

}  // namespace syncline

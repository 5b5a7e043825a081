#include "engine/plan_runner.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/log.h"
#include "capture/privileges.h"
#include "engine/member_start.h"

namespace syncline::engine {

namespace {

constexpr auto kPauseMin = std::chrono::milliseconds(100);
constexpr auto kConnectPoll = std::chrono::milliseconds(5);
constexpr auto kPauseMax = std::chrono::seconds(3);
// What needs a person is tried again soon, for somebody may be mending it now, then each minute.
constexpr auto kFailedPauseMin = std::chrono::seconds(3);
constexpr auto kFailedPauseMax = std::chrono::seconds(60);
// Stored as the plan's shape while a resync that a user asked for is not over: strangers go as
// well.
constexpr const char* kResyncShape = "resync";

// What the plan's documents are made of: a line for its kind and one for each job. What differs
// from the stored one says which documents have to be composed.
std::string shape_of(const compose::PlanContext& context) {
  std::string text = context.owned ? "owned\n" : "foreign\n";
  for (const auto& member : context.members)
    text += member->name() + "=" + member->definition + "\n";
  return text;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Whether documents have to be composed that no load of a member brings: those that held what a job
// gave that is gone or changed, and for a new array those without rows, which hold an empty one.
bool needs_sweep(const compose::PlanContext& context, const std::optional<std::string>& stored) {
  if (!stored) return true;
  const std::set<std::string> before = lines_of(*stored);
  const std::set<std::string> now = lines_of(shape_of(context));
  if (!std::includes(now.begin(), now.end(), before.begin(), before.end())) return true;
  return std::any_of(context.members.begin(), context.members.end(), [&](const auto& member) {
    return member->is(JobType::nested) &&
           !before.contains(member->name() + "=" + member->definition);
  });
}

}  // namespace

bool PlanConfig::owned() const {
  return std::any_of(jobs.begin(), jobs.end(),
                     [](const JobConfig& job) { return job.spec.type == JobType::index; });
}

PlanRunner::PlanRunner(PlanConfig config, Parts parts)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      lag_desk_([this](const std::string& job) { take_lag(job); }) {
  for (const JobConfig& job : config_.jobs) jobs_[job.spec.name].paused = job.paused;
  thread_ = std::thread([this] { run(); });
}

PlanRunner::~PlanRunner() {
  request_stop();
  thread_.join();
}

void PlanRunner::request_stop(bool release_index) {
  if (release_index) release_index_.store(true);
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
  if (verifier_ != nullptr) verifier_->wake();
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
  Duration failed_pause = kFailedPauseMin;
  while (!stop_.raised()) {
    const TimePoint begun = parts_.clock.now();
    Status ended = run_once();
    if (stop_.raised()) break;
    if (ended.ok()) continue;
    if (ended.error().action != Action::stop) set_trouble(ended.error());
    const Duration lasted = parts_.clock.now() - begun;
    if (lasted > 2 * kPauseMax) retry_pause = kPauseMin;
    if (lasted > 2 * kFailedPauseMax) failed_pause = kFailedPauseMin;
    if (!ended.error().passes()) {
      pause(failed_pause);
      failed_pause = std::min<Duration>(2 * failed_pause, kFailedPauseMax);
      continue;
    }
    pause(retry_pause);
    retry_pause = std::min<Duration>(2 * retry_pause, kPauseMax);
  }
  if (release_index_.load()) release_index();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  parts_.ended();
}

Status PlanRunner::run_once() {
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
                               .counts = counts_,
                               .refusals = refusals_,
                               .touches = touches_,
                               .write_trouble = write_trouble_,
                               .page_sizes = page_sizes_,
                               .versions = nullptr,
                               .write_name = config_.index};
  index::IndexDescription index;
  bool created = false;
  SYNCLINE_RETURN_IF_ERROR(prepare(context, index, created));
  lanes::Stream::Start start;
  SYNCLINE_RETURN_IF_ERROR(start_plan(context, index, created, start));
  Status ended = follow(context, index, std::move(start), created);
  if (context.versions) highest_version_ = std::max(highest_version_, context.versions->highest());
  return ended;
}

// Opens the plan's record, starts its members, and finds out what has to be composed beside what
// they load and log.
Status PlanRunner::start_plan(compose::PlanContext& context, const index::IndexDescription& index,
                              bool created, lanes::Stream::Start& start) {
  SYNCLINE_ASSIGN(capture::PlanRecord plan, open_plan(context));
  {
    const std::lock_guard lock(mutex_);
    strangers_ = plan.strangers;
  }
  SYNCLINE_ASSIGN(const bool resync_asked, resync_is_asked(context));
  if (resync_asked) {
    // Stored before the members start over, so that a crash does not forget what was asked for.
    SYNCLINE_RETURN_IF_ERROR(store_shape(context, kResyncShape));
    plan.shape = kResyncShape;
  }
  start.index = {index.uuid, index.owner};
  start.sweep.shape = shape_of(context);
  if (!context.owned) return start_foreign(context, plan, start);
  context.versions = std::make_unique<compose::VersionCounter>(context.records(), plan.number);
  context.strangers_below_after_resync = index.created_by_syncline ? 0 : plan.version_base;
  const bool resync = plan.shape == kResyncShape;
  context.strangers_below = resync ? 0 : context.strangers_below_after_resync;
  // Documents with this version or a higher one were composed by this run.
  SYNCLINE_ASSIGN(const int64_t since, context.versions->take());
  bool all_started_over = false;
  SYNCLINE_RETURN_IF_ERROR(start_members(context, index, all_started_over));
  if (created && all_started_over) {
    // Nothing can be in it yet but what is loaded now.
    return store_shape(context, start.sweep.shape);
  }
  if (!all_started_over && !needs_sweep(context, plan.shape))
    return plan.shape == start.sweep.shape ? Status() : store_shape(context, start.sweep.shape);
  if (!resync) SYNCLINE_RETURN_IF_ERROR(store_shape(context, std::nullopt));
  start.sweep.due = lanes::SweepOptions{since, context.strangers_below};
  return {};
}

// Each with a connection for the moment alone: who waits for a second one while holding one may
// wait for ever, together with others who do the same.
Result<capture::PlanRecord> PlanRunner::open_plan(const compose::PlanContext& context) {
  const int64_t floor = std::max(parts_.clock.wall_time_us(), highest_version_ + 1);
  return context.records().open(floor);
}

Status PlanRunner::store_shape(const compose::PlanContext& context,
                               const std::optional<std::string>& shape) {
  return context.records().set_shape(shape);
}

// Any difference but a job less means that every document is looked at.
Status PlanRunner::start_foreign(compose::PlanContext& context, const capture::PlanRecord& plan,
                                 lanes::Stream::Start& start) {
  index::IndexDescription index;
  index.uuid = start.index.uuid;
  bool all_started_over = false;
  SYNCLINE_RETURN_IF_ERROR(start_members(context, index, all_started_over));
  const bool loaded =
      std::all_of(context.members.begin(), context.members.end(),
                  [](const auto& member) { return member->record.load.finished_us.has_value(); });
  const std::set<std::string> before = lines_of(plan.shape.value_or(""));
  const std::set<std::string> now = lines_of(start.sweep.shape);
  if (loaded && std::includes(before.begin(), before.end(), now.begin(), now.end())) {
    start.sweep.swept = plan.swept;
    return {};
  }
  return context.records().set_swept(std::nullopt);
}

// A resync stays asked for until the member's record names it, so that a crash does not forget it.
Result<bool> PlanRunner::resync_is_asked(const compose::PlanContext& context) {
  for (const auto& member : context.members) {
    if (member->config.resync_generation == 0) continue;
    SYNCLINE_ASSIGN(const auto stored, context.records(*member).read_member(member->name()));
    if (!stored || stored->resync != member->config.resync_generation) return true;
  }
  return false;
}

Status PlanRunner::prepare(compose::PlanContext& context, index::IndexDescription& index,
                           bool& created) {
  if (all_paused()) {
    while (pause(std::chrono::hours(1))) {
    }
    return Error::stop();
  }
  for (const JobConfig& job : config_.jobs) {
    capture::Source& source = *parts_.sources.at(job.spec.source);
    while (source.connecting() && pause(kConnectPoll)) {
    }
    if (auto error = source.error()) {
      return error_of(source, *std::move(error))
          .prefixed("source " + job.spec.source)
          .blaming(job.spec.name);
    }
  }
  SYNCLINE_RETURN_IF_ERROR(resolve_members(context));
  Status prepared = prepare_index(context, index, created);
  if (prepared.ok()) return prepared;
  Error error = std::move(prepared).error();
  if (!error.passes() && error.origin == Origin::plan) error.origin = Origin::mapping;
  return error;
}

// Why a source is not there. Privileges that it lacked may have been granted since, which it finds
// out within seconds.
Error PlanRunner::error_of(capture::Source& source, Error error) const {
  if (error.code != capture::kInsufficientPrivilege) return error;
  const auto session = source.sessions().acquire(postgres::SessionPool::Use::short_work, stop_);
  if (!session.ok()) return error;
  if (auto lacking = lacking_privileges(source, **session)) return *std::move(lacking);
  error.action = Action::retry;
  return error;
}

// Of all jobs of the source: whoever grants what one lacks should not be asked again for the next.
std::optional<Error> PlanRunner::lacking_privileges(const capture::Source& source,
                                                    postgres::Session& session) const {
  capture::TableNames tables;
  const auto configuration = parts_.configuration();
  for (const auto& [name, job] : configuration->jobs) {
    if (job.spec.source == source.spec().name) tables.emplace(job.spec.schema, job.spec.table);
  }
  Status all = capture::check_privileges(session, source.spec().capture_schema, tables);
  if (all.ok()) return std::nullopt;
  return std::move(all).error();
}

Status PlanRunner::resolve_members(compose::PlanContext& context) {
  for (const JobConfig& job : config_.jobs) {
    const std::shared_ptr<capture::Source>& source = parts_.sources.at(job.spec.source);
    SYNCLINE_ASSIGN(const auto session,
                    source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
    auto member = compose::resolve_member(job, source, *session);
    if (!member.ok() && member.error().code == capture::kInsufficientPrivilege)
      return lacking_privileges(*source, *session).value_or(member.error()).blaming(job.spec.name);
    if (!member.ok()) return std::move(member).error().blaming(job.spec.name);
    context.members.push_back(std::move(member).value());
  }
  return compose::connect_members(context.members);
}

Status PlanRunner::start_members(compose::PlanContext& context,
                                 const index::IndexDescription& index, bool& all_started_over) {
  all_started_over = true;
  const auto configuration = parts_.configuration();
  const int64_t now_us = parts_.clock.wall_time_us();
  for (const auto& member : context.members) {
    Status started =
        start_member(*member, {context.plan, index.uuid, configuration.get(), now_us}, stop_);
    if (!started.ok()) return std::move(started).error().blaming(member->name());
    if (member->record.load.started_us != now_us) {
      all_started_over = false;
    } else {
      // No key will tell of what is parked since before: its row may be gone by now.
      context.parked.hasten_all(context.plan, now_us);
    }
  }
  return {};
}

Status PlanRunner::follow(compose::PlanContext& context, const index::IndexDescription& index,
                          lanes::Stream::Start start, bool created) {
  const bool loads =
      context.owned &&
      std::any_of(context.members.begin(), context.members.end(), [](const auto& member) {
        return !member->config.paused && !member->record.load.finished_us;
      });
  if (loads && created) {
    SYNCLINE_RETURN_IF_ERROR(context.admin.begin_load_mode());
  } else if (!loads && context.owned && index.created_by_syncline) {
    SYNCLINE_RETURN_IF_ERROR(context.admin.end_load_mode());
  }
  SYNCLINE_RETURN_IF_ERROR(context.parked.assign(context.plan, context.home().name()));
  set_running(context, loads, context.owned ? start.sweep.due.has_value() : !start.sweep.swept);
  lanes::Stream stream(context, later_, std::move(start), *this);
  std::optional<lanes::Loader> loader;
  if (loads) {
    stream.load_started();
    loader.emplace(context, stream, *this);
  }
  {
    const std::lock_guard lock(mutex_);
    stream_ = &stream;
    loader_ = loader ? &*loader : nullptr;
  }
  if (loader) loader->start();
  std::optional<verify::Verifier> verifier;
  verifier.emplace(context, parts_.verifications, verifier_events(context));
  {
    const std::lock_guard lock(mutex_);
    verifier_ = &*verifier;
  }
  Status ended = stream.run();
  {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
    loader_ = nullptr;
    verifier_ = nullptr;
  }
  verifier.reset();
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

void PlanRunner::reached(const compose::Member& member, const capture::Position& position) {
  const std::lock_guard lock(mutex_);
  JobView& view = jobs_[member.name()];
  view.reached = position;
  view.caught_up_at = parts_.clock.now();
}

void PlanRunner::loading(const compose::Member& member, const capture::LoadProgress& progress) {
  const std::lock_guard lock(mutex_);
  jobs_[member.name()].load = progress;
}

Status PlanRunner::loaded() {
  SYNCLINE_RETURN_IF_ERROR(
      index::IndexAdmin(parts_.cluster->http(), config_.index).end_load_mode());
  const std::lock_guard lock(mutex_);
  loading_ = false;
  if (verifier_ != nullptr) verifier_->wake();
  for (const JobConfig& job : config_.jobs)
    parts_.sources.at(job.spec.source)->load_ended(jobs_[job.spec.name].watch);
  return {};
}

void PlanRunner::end_segment() {
  const std::lock_guard lock(mutex_);
  if (loader_ != nullptr) loader_->end_segment();
}

void PlanRunner::repaired() {
  const std::lock_guard lock(mutex_);
  if (verifier_ != nullptr) verifier_->repaired();
}

void PlanRunner::sweep_due() {
  const std::lock_guard lock(mutex_);
  sweep_due_ = true;
}

void PlanRunner::swept(int64_t unowned) {
  const std::lock_guard lock(mutex_);
  sweeping_ = sweep_due_ = false;
  strangers_ = unowned;
  if (verifier_ != nullptr) verifier_->wake();
  if (config_.owned()) return;
  for (const JobConfig& job : config_.jobs)
    parts_.sources.at(job.spec.source)->load_ended(jobs_[job.spec.name].watch);
}

verify::Verifier::Events PlanRunner::verifier_events(compose::PlanContext& context) {
  verify::Verifier::Events events;
  events.live_since = [this] { return live_since(); };
  events.mark = [this] { return mark_changes(); };
  events.passed = [this](const std::vector<capture::Position>& marks) {
    return have_passed(marks);
  };
  events.repair = [this](std::vector<std::string> ids) {
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->repair(std::move(ids));
  };
  events.no_strangers = [this, &context] {
    static_cast<void>(context.records().set_strangers(0).ok());
    const std::lock_guard lock(mutex_);
    strangers_ = 0;
  };
  return events;
}

void PlanRunner::set_trouble(const Error& error) {
  const std::lock_guard lock(mutex_);
  const bool same = trouble_ && trouble_->error.message == error.message;
  if (!same) spdlog::warn("{}: {}", config_.plan(), error.message);
  const auto writes = write_trouble_.current();
  int64_t since_us = parts_.clock.wall_time_us();
  if (trouble_) {
    since_us = trouble_->since_us;
  } else if (writes && writes->error.origin == error.origin && writes->error.code == error.code) {
    since_us = writes->since_us;
  }
  trouble_ = Trouble{error, error.culprit, since_us};
}

void PlanRunner::set_running(const compose::PlanContext& context, bool loading, bool sweeping) {
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
    view.warnings = compose::missing_indexes(*member, context.members);
    view.fan_out_jobs = compose::fan_out_jobs(*member, context.members);
  }
}

}  // namespace syncline::engine

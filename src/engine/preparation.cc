#include "engine/preparation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "capture/privileges.h"
#include "engine/member_start.h"
#include "postgres/session_pool.h"

namespace syncline::engine {

namespace {

constexpr auto kConnectPoll = std::chrono::milliseconds(5);

PlanShape shape_of(const compose::PlanContext& context) {
  PlanShape shape;
  shape.owned = context.owned;
  for (const auto& member : context.members)
    shape.jobs.push_back({member->name(), member->definition, member->is_written_without_rows()});
  return shape;
}

}  // namespace

Result<Preparation::Started> Preparation::start(compose::PlanContext& context,
                                                int64_t version_floor) {
  SYNCLINE_RETURN_IF_ERROR(check_sources());
  SYNCLINE_RETURN_IF_ERROR(resolve_members(context));
  Started started;
  auto index = IndexPreparation(config_, parts_, stop_).prepare(context);
  if (!index.ok()) {
    Error error = std::move(index).error();
    if (!error.passes() && error.origin == Origin::plan) error.origin = Origin::mapping;
    return error;
  }
  started.index = *std::move(index);
  SYNCLINE_ASSIGN(capture::PlanRecord plan, open_plan(context, version_floor));
  started.unowned = plan.strangers;
  SYNCLINE_ASSIGN(const bool resync_asked, resync_is_asked(context));
  if (resync_asked) {
    // Stored before the members start over, so that a crash does not forget what was asked for.
    SYNCLINE_RETURN_IF_ERROR(store_shape(context, kResyncShape));
    plan.shape = kResyncShape;
  }
  started.stream.index = {started.index.index.uuid, started.index.index.owner};
  started.stream.sweep.shape = shape_of(context).text();
  SYNCLINE_RETURN_IF_ERROR(context.owned ? start_owned(context, plan, started)
                                         : start_foreign(context, plan, started));
  return started;
}

Status Preparation::check_sources() const {
  for (const JobConfig& job : config_.jobs) {
    capture::Source& source = *parts_.sources.at(job.spec.source);
    while (source.connecting() && !stop_.wait_for(kConnectPoll)) {
    }
    if (auto error = source.error()) {
      return error_of(source, *std::move(error))
          .prefixed("source " + job.spec.source)
          .blaming(job.spec.name);
    }
  }
  return {};
}

// Why a source is not there. Privileges that it lacked may have been granted since, which it finds
// out within seconds.
Error Preparation::error_of(capture::Source& source, Error error) const {
  if (error.code != capture::kInsufficientPrivilege) return error;
  const auto session = source.sessions().acquire(postgres::SessionPool::Use::short_work, stop_);
  if (!session.ok()) return error;
  if (auto lacking = lacking_privileges(source, **session)) return *std::move(lacking);
  error.action = Action::retry;
  return error;
}

// Of all jobs of the source: whoever grants what one lacks should not be asked again for the next.
std::optional<Error> Preparation::lacking_privileges(const capture::Source& source,
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

Status Preparation::resolve_members(compose::PlanContext& context) const {
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
  SYNCLINE_ASSIGN(context.shape, compose::compile_shape(context.members));
  return {};
}

Result<capture::PlanRecord> Preparation::open_plan(const compose::PlanContext& context,
                                                   int64_t floor) const {
  return context.records().open(floor);
}

// Whether a member was asked to load again since it last started over.
Result<bool> Preparation::resync_is_asked(const compose::PlanContext& context) const {
  for (const auto& member : context.members) {
    if (member->config.resync_generation == 0) continue;
    SYNCLINE_ASSIGN(const auto stored, context.records(*member).read_member(member->name()));
    if (!stored || stored->resync != member->config.resync_generation) return true;
  }
  return false;
}

Result<Preparation::Loads> Preparation::start_members(compose::PlanContext& context,
                                                      const std::string& uuid) const {
  Loads loads = Loads::all_from_the_start;
  const auto configuration = parts_.configuration();
  const int64_t now_us = parts_.clock.wall_time_us();
  for (const auto& member : context.members) {
    Status started =
        start_member(*member, {context.plan, uuid, configuration.get(), now_us}, stop_);
    if (!started.ok()) return std::move(started).error().blaming(member->name());
    if (member->record.load.started_us != now_us) {
      loads = Loads::some_go_on;
    } else {
      // No key will tell of what is parked since before: its row may be gone by now.
      context.parked.hasten_all(context.plan, now_us);
    }
  }
  return loads;
}

Status Preparation::start_owned(compose::PlanContext& context, const capture::PlanRecord& plan,
                                Started& started) const {
  context.versions = std::make_unique<compose::VersionCounter>(context.records(), plan.number);
  context.strangers_below_after_resync =
      started.index.index.created_by_syncline ? 0 : plan.version_base;
  const bool resync = plan.shape == kResyncShape;
  context.strangers_below = resync ? 0 : context.strangers_below_after_resync;
  // Documents with this version or a higher one were composed by this run.
  SYNCLINE_ASSIGN(const int64_t since, context.versions->take());
  SYNCLINE_ASSIGN(const Loads loads, start_members(context, started.index.index.uuid));
  const PlanShape shape = shape_of(context);
  switch (decide_owned(shape,
                       {started.index.created, loads == Loads::all_from_the_start, plan.shape})) {
    case OwnedStart::only_loads:
      return store_shape(context, shape.text());
    case OwnedStart::goes_on:
      return plan.shape == shape.text() ? Status() : store_shape(context, shape.text());
    case OwnedStart::sweep:
      SYNCLINE_RETURN_IF_ERROR(store_shape(context, std::nullopt));
      break;
    case OwnedStart::sweep_resync:
      break;  // its mark is stored, and says more
  }
  started.stream.sweep.due = lanes::SweepOptions{since, context.strangers_below};
  return {};
}

Status Preparation::start_foreign(compose::PlanContext& context, const capture::PlanRecord& plan,
                                  Started& started) const {
  SYNCLINE_ASSIGN([[maybe_unused]] const Loads loads,
                  start_members(context, started.index.index.uuid));
  const bool all_loaded = std::ranges::all_of(context.members, [](const auto& member) {
    return member->record.load.finished_us.has_value();
  });
  if (!looks_at_all(shape_of(context), all_loaded, plan.shape)) {
    started.stream.sweep.swept = plan.swept;
    return {};
  }
  return context.records().set_swept(std::nullopt);
}

Status Preparation::store_shape(const compose::PlanContext& context,
                                const std::optional<std::string>& shape) const {
  return context.records().set_shape(shape);
}

}  // namespace syncline::engine

#include "engine/plan.h"

#include <algorithm>
#include <utility>

namespace syncline::engine {

bool Plan::loads(const compose::PlanContext& context) {
  return context.owned && std::ranges::any_of(context.members, [](const auto& member) {
           return !member->config.paused && !member->record.load.finished_us;
         });
}

Plan::Plan(compose::PlanContext& context, Services services, lanes::LaterList& later,
           lanes::Stream::Start start)
    : context_(context), services_(services), stream_(context, later, start, *this) {
  const bool loading = loads(context);
  const bool sweeps = context.owned ? start.sweep.due.has_value() : !start.sweep.swept;
  services_.board.set_running(context.members, context.shape, {true, loading, sweeps});
  if (loading) {
    stream_.load_started();
    loader_.emplace(context, stream_, static_cast<lanes::LaneEvents&>(*this));
    loader_->start();
  }
  verifier_.emplace(context, services_.parts.verifications, verifier_events());
}

void Plan::wake() {
  stream_.wake();
  verifier_->wake();
}

void Plan::reached(const compose::Member& member, const capture::Position& position) {
  services_.board.reached(member.name(), position);
}

void Plan::loading(const compose::Member& member, const capture::LoadProgress& progress) {
  services_.board.loading(member.name(), progress);
}

Status Plan::loaded() {
  SYNCLINE_RETURN_IF_ERROR(context_.admin.end_load_mode());
  services_.board.loaded();
  verifier_->wake();
  loads_ended();
  return {};
}

void Plan::loads_ended() {
  for (const auto& member : context_.members) member->source->load_ended(member->record.watch);
}

void Plan::end_segment() {
  if (loader_) loader_->end_segment();
}

void Plan::sweep_due() {
  services_.board.sweep_due();
}

void Plan::swept(int64_t unowned) {
  services_.board.swept(unowned);
  verifier_->wake();
  if (!context_.owned) loads_ended();
}

void Plan::repaired() {
  verifier_->repaired();
}

verify::Verifier::Events Plan::verifier_events() {
  verify::Verifier::Events events;
  events.live_since = [this] { return services_.board.live_since(); };
  events.mark = [this] { return services_.lag.mark(); };
  events.passed = [this](const std::vector<capture::Position>& marks) {
    return services_.lag.passed(marks);
  };
  events.repair = [this](std::vector<std::string> ids) { stream_.repair(std::move(ids)); };
  events.no_strangers = [this] { forget_unowned(); };
  return events;
}

void Plan::forget_unowned() {
  static_cast<void>(context_.records().set_strangers(0).ok());
  services_.board.set_unowned(0);
}

}  // namespace syncline::engine

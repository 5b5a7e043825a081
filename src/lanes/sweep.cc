#include "lanes/sweep.h"

#include <utility>

#include "lanes/sequence_sweep.h"
#include "lanes/version_sweep.h"

namespace syncline::lanes {

Status Sweep::request() {
  SYNCLINE_RETURN_IF_ERROR(note_request());
  after_batch_ = table_.last_batch() + 1;  // the one that is being read
  start_over();
  events_.sweep_due();
  // Parked documents may not be in the index that the sweep walks.
  context_.parked.hasten_all(context_.plan, context_.clock.wall_time_us());
  return {};
}

Status Sweep::end(int64_t unowned) {
  SYNCLINE_RETURN_IF_ERROR(context_.records().sweep_ended(unowned, shape_));
  events_.swept(unowned);
  return {};
}

std::unique_ptr<Sweep> make_sweep(compose::PlanContext& context, WorkTable& table,
                                  const LoadFeed& load, LaneEvents& events, SweepStart start) {
  if (context.owned)
    return std::make_unique<VersionSweep>(context, table, load, events, std::move(start));
  return std::make_unique<SequenceSweep>(context, table, events, std::move(start));
}

}  // namespace syncline::lanes

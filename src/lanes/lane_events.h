// LaneEvents: what the lanes of a running plan tell of themselves.
//
// Implemented by whoever shows the plan's status. Called on the lanes' threads; must not call back
// into the lane that tells, and must not block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/plan_records.h"
#include "capture/position.h"
#include "compose/member.h"

namespace syncline::lanes {

class LaneEvents {
 public:
  virtual ~LaneEvents() = default;

  // Every change of the member up to this position is in the index.
  virtual void reached(const compose::Member& member, const capture::Position& position) = 0;
  // What the member has loaded so far.
  virtual void loading(const compose::Member& member, const capture::LoadProgress& progress) = 0;
  // The load has come to its end: the index's own settings are put back. Error: they were not.
  virtual Status loaded() = 0;
  // The load is to end its COPY, so that deletes made meanwhile can be confirmed.
  virtual void end_segment() = 0;
  // Until swept() documents of rows that are gone may still be in the index.
  virtual void sweep_due() = 0;
  // Every document was composed, but for so many that are not ours.
  virtual void swept(int64_t unowned) = 0;
  // What was given to Stream::repair() was composed.
  virtual void repaired() = 0;
};

// What a load tells the stream beside it. On the loader's thread.
class LoadListener {
 public:
  virtual ~LoadListener() = default;

  // The rows that were read before now are all acknowledged: documents deleted meanwhile must be
  // composed once more.
  virtual void segment_ended() = 0;
  // Their requests may still arrive at the cluster.
  virtual void outcome_unknown(std::vector<std::string> ids) = 0;
  // All members, or an error; the last call.
  virtual void load_finished(Status status) = 0;
};

}  // namespace syncline::lanes

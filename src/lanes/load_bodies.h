// LoadBodies: a load's bodies on their way: how many may be, what becomes of them, and from where
// the load may be gone on with.
//
// Owner: Loader, on its thread.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/plan_context.h"
#include "lanes/bell.h"
#include "lanes/bulk_lane.h"
#include "lanes/lane_events.h"
#include "lanes/load_checkpoint.h"

namespace syncline::lanes {

// What ends a COPY early. Raised by other threads.
struct LoadInterrupts {
  std::atomic<bool> end_segment{false};  // it goes on from where every row is acknowledged
  std::atomic<bool> give_way{false};     // somebody waits for a lock on the table that is read
  StopSignal stop;                       // the load's own, beside the plan's
};

class LoadBodies {
 public:
  LoadBodies(compose::PlanContext& context, LoadListener& listener,
             const LoadInterrupts& interrupts)
      : context_(context), listener_(listener), interrupts_(interrupts), lane_(context, bell_) {}

  // Another COPY, from here on; one that cannot get rid of its bodies by then gives up.
  void begin(const LoadCheckpoint::Reached& from, TimePoint patience_ends);
  // Sends it when there is room. Error: stop; retry, where the COPY must not be held open any more.
  Status submit(BulkBody body, const LoadCheckpoint::Reached& reached);
  // Takes the answers that are there. Error: retry, some documents have to be read again, or the
  // cluster cannot be used.
  Status take_answers();
  // Until every body has its answer.
  Status drain();
  // The last call: whatever is out has its outcome before anybody loads again.
  void close();
  void wake() { bell_.ring(); }

  bool stopping() const { return interrupts_.stop.raised() || context_.stop.raised(); }
  const LoadCheckpoint::Reached& reached() const { return checkpoint_.reached(); }

 private:
  Status wait_for_room();
  Status wait_for_answers();
  Status check_patience() const;

  compose::PlanContext& context_;
  LoadListener& listener_;
  const LoadInterrupts& interrupts_;
  TimePoint patience_ends_;
  LoadCheckpoint checkpoint_;
  Bell bell_;
  BulkLane lane_;  // goes first: its answers ring
};

}  // namespace syncline::lanes

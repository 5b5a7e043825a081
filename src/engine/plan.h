// Plan: a plan that runs: its stream, its loader while tables are loaded, its verifier; and what
// they have to tell one another and the status.
//
// Owner: PlanRunner, one a run. run() on the runner's thread; the lanes' own threads call the
// LaneEvents. Its parts stand as long as it does, so nothing is locked to reach them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/plan_context.h"
#include "engine/lag_counter.h"
#include "engine/plan_config.h"
#include "engine/preparation.h"
#include "engine/status_board.h"
#include "lanes/lane_events.h"
#include "lanes/loader.h"
#include "lanes/stream.h"
#include "verify/verifier.h"

namespace syncline::engine {

class Plan final : public lanes::LaneEvents {
 public:
  struct Services {
    const PlanConfig& config;
    const PlanParts& parts;
    StatusBoard& board;
    LagCounter& lag;
    const StopSignal& stop;
  };
  // All outlive it. Starts its threads; the destructor joins them.
  Plan(compose::PlanContext& context, Services services, lanes::LaterList& later,
       lanes::Stream::Start start);
  ~Plan() override = default;

  // Whether a table of it is to be loaded.
  static bool loads(const compose::PlanContext& context);

  // Follows the changes until something ends it, as Stream::run().
  Status run() { return stream_.run(); }
  // Something may have changed that a lane waits for. Any thread.
  void wake();

 private:
  void reached(const compose::Member& member, const capture::Position& position) override;
  void loading(const compose::Member& member, const capture::LoadProgress& progress) override;
  Status loaded() override;
  void end_segment() override;
  void sweep_due() override;
  void swept(int64_t unowned) override;
  void repaired() override;

  void loads_ended();
  verify::Verifier::Events verifier_events();
  void forget_unowned();

  compose::PlanContext& context_;
  const Services services_;
  lanes::Stream stream_;
  std::optional<lanes::Loader> loader_;
  std::optional<verify::Verifier> verifier_;  // goes first: it asks the others
};

}  // namespace syncline::engine

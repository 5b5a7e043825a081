// KeyFeed: a member's change log as work: keys become document ids, or, of a property, values whose
// documents are looked for.
//
// Owner: Stream, one for each member that is not paused; the plan's thread alone. Place in the
// flow: change log → [keys → ids] → WorkTable.
#pragma once

#include <memory>
#include <optional>

#include "capture/feed.h"
#include "compose/plan_context.h"
#include "lanes/fan_out.h"
#include "lanes/feed.h"
#include "lanes/lane_events.h"
#include "lanes/progress.h"
#include "lanes/sweep.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class KeyFeed final : public Feed {
 public:
  // Where the keys go.
  struct Outlets {
    WorkTable& table;
    FanOut& fan_out;
    Sweep& sweep;  // for the key that stands for every row
  };
  // changes: of the member's watch, from its position on.
  KeyFeed(compose::PlanContext& context, compose::Member& member, Outlets outlets,
          std::unique_ptr<capture::ChangeFeed> changes);

  // Reads what there is and what there is room for.
  Status step() override;
  Duration rest() const override;

  // A member without changes follows the head, so that what it has to look through stays short. The
  // head, if it moved there.
  std::optional<capture::Position> follow_head();
  // Takes note of what is done since the last call: the position that is reached, if it moved.
  Result<std::optional<capture::Position>> take_reached();

  bool was_read() const { return read_at_ != TimePoint(); }
  const compose::Member& member() const { return member_; }
  Progress& progress() { return progress_; }

 private:
  Status store(const capture::Position& position);
  bool has_room() const;
  void add_keys(const capture::ChangeBatch& batch);

  compose::PlanContext& context_;
  compose::Member& member_;
  const Outlets to_;
  const FeedId feed_;
  const std::unique_ptr<capture::ChangeFeed> changes_;
  // Positions are stored on the way out, too, when the plan's own signal is raised.
  const StopSignal never_;
  Progress progress_;
  TimePoint read_at_;  // when the log was last read; not set: not yet
  bool more_ = false;  // the last batch was not at the head
};

}  // namespace syncline::lanes

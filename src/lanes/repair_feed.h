// RepairFeed: documents in which a verification found a difference, unowned ones among them.
//
// Owner: Stream, on the plan's thread.
#pragma once

#include <string>
#include <vector>

#include "compose/plan_context.h"
#include "lanes/feed.h"
#include "lanes/lane_events.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class RepairFeed final : public Feed {
 public:
  RepairFeed(compose::PlanContext& context, WorkTable& table, LaneEvents& events)
      : context_(context), table_(table), events_(events), feed_(table.open_feed()) {}

  void add(const std::vector<std::string>& ids) {
    context_.strangers_too = repairing_ = true;
    table_.add_all(feed_, ids, WorkTable::Haste::patient);
  }

  Status step() override {
    if (!repairing_ || !table_.feed_is_clear(feed_)) return {};
    context_.strangers_too = repairing_ = false;
    events_.repaired();
    return {};
  }

 private:
  compose::PlanContext& context_;
  WorkTable& table_;
  LaneEvents& events_;
  const FeedId feed_;
  bool repairing_ = false;
};

}  // namespace syncline::lanes

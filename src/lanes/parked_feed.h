// ParkedFeed: parked documents whose next try is due, a page at a time, while nothing else wants to
// be composed.
//
// Owner: Stream, on the plan's thread.
#pragma once

#include "compose/plan_context.h"
#include "lanes/feed.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class ParkedFeed final : public Feed {
 public:
  ParkedFeed(compose::PlanContext& context, WorkTable& table)
      : context_(context), table_(table), feed_(table.open_feed()) {}

  Status step() override {
    if (!table_.feed_is_clear(feed_)) return {};
    SYNCLINE_ASSIGN(const auto ids, context_.retries.take_due(context_.plan, kPage));
    table_.add_all(feed_, ids, WorkTable::Haste::patient);
    return {};
  }

 private:
  // Refused again, each costs a write to the list: few enough that a change waits for milliseconds.
  static constexpr size_t kPage = 200;

  compose::PlanContext& context_;
  WorkTable& table_;
  const FeedId feed_;
};

}  // namespace syncline::lanes

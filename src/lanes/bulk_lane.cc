#include "lanes/bulk_lane.h"

#include <utility>

#include "index/cluster.h"

namespace syncline::lanes {

BulkLane::BulkLane(compose::PlanContext& context, Bell& bell)
    : writer_(std::make_unique<index::BulkWriter>(
          context.cluster.http(), context.cluster.concurrency(), context.clock, context.write_name,
          [this, &bell](BulkResult answer) {
            {
              const std::lock_guard lock(mutex_);
              answers_.push_back(std::move(answer));
            }
            bell.ring();
          })) {}

std::deque<BulkResult> BulkLane::take_answers() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

std::vector<std::string> BulkLane::close() {
  writer_.reset();
  std::vector<std::string> unknown;
  for (BulkResult& answer : take_answers()) {
    for (size_t i = 0; i < answer.outcomes.size(); ++i) {
      if (answer.outcomes[i].kind == ItemOutcome::Kind::unknown)
        unknown.push_back(std::move(answer.body.items[i].id));
    }
  }
  return unknown;
}

}  // namespace syncline::lanes

// IndexWatch: whether the index is still the one that was prepared, and still this plan's. One that
// was deleted must be made by us, with its mappings: the next bulk would make it by guessing.
//
// Owner: Stream, on the plan's thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "compose/plan_context.h"
#include "index/index_admin.h"

namespace syncline::lanes {

// As it was prepared.
struct PreparedIndex {
  std::string uuid;  // empty: there is no index yet
  std::optional<index::IndexOwner> owner;
};

class IndexWatch {
 public:
  IndexWatch(compose::PlanContext& context, PreparedIndex index)
      : context_(context), prepared_(std::move(index)) {}

  enum class Writing { yes, no };
  // Looks when it is time to: the oftener while something is being written. Error: retry, another
  // index is there.
  Status check(Writing writing);

 private:
  compose::PlanContext& context_;
  const PreparedIndex prepared_;
  TimePoint checked_at_;
};

}  // namespace syncline::lanes

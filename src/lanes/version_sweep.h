// VersionSweep: walks every document of an owned index and composes those that no composition has
// touched since a version: after a load what is left are documents whose rows are gone, after
// TRUNCATE all of them.
//
// Owner: Stream, on the plan's thread. Waits for a load to end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lanes/load_feed.h"
#include "lanes/sweep.h"

namespace syncline::lanes {

class VersionSweep final : public Sweep {
 public:
  VersionSweep(compose::PlanContext& context, WorkTable& table, const LoadFeed& load,
               LaneEvents& events, SweepStart start);
  ~VersionSweep() override;

  Status step() override;
  Duration rest() const override;

 private:
  // One walk over the index.
  struct Walk {
    std::string scroll_id;
    bool started = false;
    bool done = false;
    int64_t unowned = 0;
  };

  Status note_request() override;
  void start_over() override;
  Status begin_walk();
  Result<std::vector<std::string>> next_page();
  void end_walk();

  const LoadFeed& load_;
  std::optional<SweepOptions> due_;
  std::optional<Walk> walk_;  // the one under way
};

}  // namespace syncline::lanes

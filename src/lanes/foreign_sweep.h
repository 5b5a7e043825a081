// ForeignSweep: finds the documents of a foreign index that came, or were changed by their owner,
// since they were last looked at, by their sequence numbers.
//
// Owner: Stream, on the plan's thread. Rounds: begin(), next_page() until done(); when what it gave
// is composed, finish(). The first round looks at every document.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/plan_context.h"

namespace syncline::lanes {

class ForeignSweep {
 public:
  // swept: what finish() said last; nothing: every document is to be looked at.
  ForeignSweep(compose::PlanContext& context, const std::optional<std::string>& swept);
  ~ForeignSweep();

  // Whether a round looks at every document.
  bool is_full() const { return seen_.empty(); }
  // From the next round on every document is looked at once more.
  void start_over() {
    seen_.clear();
    start_over_ = begun_;
  }

  Status begin();
  bool begun() const { return begun_; }
  // The next ids. Error: retry.
  Result<std::vector<std::string>> next_page();
  bool done() const { return shards_.empty(); }
  // Ends the round: how far it came, to be stored; nothing if that is no further than before, or if
  // every document is to be looked at once more.
  std::optional<std::string> finish();

 private:
  void end_scroll();

  compose::PlanContext& context_;
  std::map<int, int64_t> seen_;    // by shard: up to which sequence number all is composed
  std::map<int, int64_t> target_;  // likewise, when this round has ended
  std::map<int, int64_t> shards_;  // of this round: not yet walked to their end
  std::string scroll_id_;          // of the first of them
  bool begun_ = false;
  bool start_over_ = false;  // this round does not count
};

}  // namespace syncline::lanes

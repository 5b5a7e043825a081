// SequenceSweep: finds the documents of a foreign index that came, or were changed by their owner,
// since they were last looked at, by their sequence numbers.
//
// Owner: Stream, on the plan's thread. Goes in rounds, one every foreign_sweep_seconds or so; the
// first looks at every document, and with it the plan's jobs are loaded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lanes/sweep.h"

namespace syncline::lanes {

class SequenceSweep final : public Sweep {
 public:
  SequenceSweep(compose::PlanContext& context, WorkTable& table, LaneEvents& events,
                SweepStart start);
  ~SequenceSweep() override;

  Status step() override;
  Duration rest() const override;

 private:
  using Sequences = std::map<int, int64_t>;  // by shard
  struct Round {
    bool full = false;      // it looks at every document
    bool counts = true;     // not if every document is to be looked at once more
    Sequences target;       // up to which sequence number all is composed when it has ended
    Sequences shards;       // likewise, of those not yet walked to their end
    std::string scroll_id;  // of the first of them
    int64_t documents = 0;
  };

  Status note_request() override;
  void start_over() override;
  Status begin_round();
  Result<std::vector<std::string>> next_page();
  Status end_round();
  Status finish_loads(int64_t documents);
  void end_scroll();
  Duration interval() const;

  Sequences seen_;              // up to which sequence number all is composed; empty: nothing is
  bool full_due_;               // every document is to be looked at
  TimePoint next_at_;           // when the next round is due
  std::optional<Round> round_;  // the one under way
};

}  // namespace syncline::lanes

// Sweep: composes the documents that no key tells of: of rows that are gone since a load or a
// TRUNCATE, of jobs that are gone, of a foreign index whatever its owner wrote.
//
// Owner: Stream, on the plan's thread. One implementation a kind of plan: VersionSweep knows by a
// document's version whether it was composed since, SequenceSweep by its sequence number whether
// somebody else changed it. One page at a time: the next is read when the last is done.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "compose/plan_context.h"
#include "lanes/feed.h"
#include "lanes/lane_events.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class LoadFeed;

struct SweepOptions {
  int64_t since_version = 0;  // documents at or above it were composed since; 0: none was
  // Documents below it were not written by this plan: in an index that Syncline did not create they
  // are unowned, left alone unless asked for. 0: none is.
  int64_t unowned_below = 0;
};

// What is known of an index's documents when a run begins.
struct SweepStart {
  std::string shape;  // of the plan, to be stored when every document was composed
  // Owned: what to sweep once no load is running; nothing if every document is known to be
  // composed.
  std::optional<SweepOptions> due;
  // Foreign: up to where documents were looked at; nothing: none was.
  std::optional<std::string> swept;
};

class Sweep : public Feed {
 public:
  // Every document is to be composed: noted durably before it returns, so that a position may move
  // past the reason.
  Status request();

 protected:
  Sweep(compose::PlanContext& context, WorkTable& table, LaneEvents& events, std::string shape)
      : context_(context),
        table_(table),
        events_(events),
        shape_(std::move(shape)),
        feed_(table.open_feed()) {}

  virtual Status note_request() = 0;
  virtual void start_over() = 0;
  // Compositions that began before what the sweep is for have ended.
  bool may_begin() const { return table_.ended(after_batch_); }
  Status end(int64_t unowned);

  compose::PlanContext& context_;
  WorkTable& table_;
  LaneEvents& events_;
  const std::string shape_;
  const FeedId feed_;

 private:
  uint64_t after_batch_ = 0;
};

// The sweep for the plan's kind. All arguments outlive it.
std::unique_ptr<Sweep> make_sweep(compose::PlanContext& context, WorkTable& table,
                                  const LoadFeed& load, LaneEvents& events, SweepStart start);

}  // namespace syncline::lanes

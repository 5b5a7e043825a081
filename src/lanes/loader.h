// Loader: brings the tables of an owned plan's unfinished members into the index. A member's rows
// are what tells which documents to compose; where the plan's index jobs are loaded from the start
// at the same time, the others have nothing to add.
//
//   table ─COPY→ LoadPages ─bodies→ LoadBodies ─→ cluster
//                                       └ acknowledged → LoadCheckpoint → stored progress
//
// Owner: PlanRunner. Runs in a thread of its own, which start() begins and the destructor joins,
// beside the stream; versions and the change log make that safe. Resumable: progress is stored as
// (leaf, file node, block) up to which every row is acknowledged.
#pragma once

#include <thread>

#include "base/result.h"
#include "compose/plan_context.h"
#include "lanes/lane_events.h"
#include "lanes/load_bodies.h"
#include "lanes/load_pages.h"
#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::lanes {

class Loader {
 public:
  // All outlive it.
  Loader(compose::PlanContext& context, LoadListener& listener, LaneEvents& events);
  ~Loader();  // stops and joins

  void start();
  // Ends the COPY under way soon; it goes on from where every row is acknowledged. Any thread.
  void end_segment() { interrupts_.end_segment.store(true); }

 private:
  // What is known of the leaf that is read.
  struct Leaf {
    int64_t blocks = 0;
    int64_t by_lookups_until = 0;  // a row before this block cannot be read as a whole: all there
                                   // are looked up
    TimePoint segment_ends_at;
  };

  Status run();
  Status load_member(compose::Member& member);
  bool is_covered(const compose::Member& member) const;
  Status finish_covered(compose::Member& member);
  Status finish(compose::Member& member);
  Status load_leaf(compose::Member& member, const postgres::LeafInfo& leaf);
  Result<bool> load_segment(compose::Member& member, const postgres::LeafInfo& leaf);
  Result<int> begin_segment(const postgres::LeafInfo& leaf, postgres::Session& session);
  Result<bool> copy_leaf(compose::Member& member, postgres::Session& session, int process);
  static Status end_copy(postgres::Session& session, bool complete);
  Result<bool> copy_rows(compose::Member& member, postgres::Session& session);
  bool by_lookups() const { return progress_.block < leaf_.by_lookups_until; }
  void report_progress();
  Status save_progress(compose::Member& member);
  bool interrupted() const;

  compose::PlanContext& context_;
  LoadListener& listener_;
  LaneEvents& events_;
  LoadInterrupts interrupts_;

  // The loader thread's alone:
  LoadBodies bodies_;
  LoadPages pages_;
  const compose::Member* member_ = nullptr;  // the one being loaded
  Leaf leaf_;
  capture::LoadProgress progress_;
  bool estimate_from_blocks_ = false;  // the table was never analyzed
  TimePoint saved_at_;

  std::thread thread_;
};

}  // namespace syncline::lanes

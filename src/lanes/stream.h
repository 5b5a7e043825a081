// Stream: keeps a plan's documents right until something ends it: one loop over the feeds.
//
//   KeyFeed … FanOut, Sweep, LoadFeed, LaterFeed, ParkedFeed, RepairFeed
//      └──── ids ────┐
//                 WorkTable ─take─→ Composer ─body─→ BulkLane ─→ cluster
//                    ↑ done, again ───────── handle_answer ─────────┘
//      Progress ←─ reached ─┘
//
// Owner: PlanRunner; run() on the plan's thread. Place in the flow: change log → [keys → ids →
// compose → bulk → acknowledged → position]. Other threads only leave news and ring (answers,
// touched members, a load, repairs).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compose/composer.h"
#include "lanes/bell.h"
#include "lanes/bulk_lane.h"
#include "lanes/fan_out.h"
#include "lanes/index_watch.h"
#include "lanes/key_feed.h"
#include "lanes/lane_events.h"
#include "lanes/later_feed.h"
#include "lanes/load_feed.h"
#include "lanes/parked_feed.h"
#include "lanes/repair_feed.h"
#include "lanes/sweep.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class Stream final : public LoadListener {
 public:
  struct Start {
    PreparedIndex index;
    SweepStart sweep;
  };
  Stream(compose::PlanContext& context, LaterList& later, Start start, LaneEvents& events);
  ~Stream() override;

  // Before run(): a load runs beside it.
  void load_started() { feeds_.load.begin(); }
  // Returns with the reason for its end: retry (trouble, or what it was prepared for has changed),
  // needs_person; ok when stopping.
  Status run();

  // From other threads: documents to compose again, unowned ones too.
  void repair(std::vector<std::string> ids);
  void wake() { bell_.ring(); }
  void segment_ended() override;
  void load_finished(Status status) override;
  void outcome_unknown(std::vector<std::string> ids) override;

 private:
  // What other threads leave; whoever leaves something rings.
  struct News {
    std::vector<std::string> unknown;
    std::vector<std::string> repair;
    bool segment_ended = false;
    std::optional<Status> load_finished;
  };
  struct Inbox {
    std::mutex mutex;
    News news;  // protected by mutex
  };
  // In the order in which they supply work.
  struct Feeds {
    Feeds(compose::PlanContext& context, WorkTable& table, LaterList& later, SweepStart start,
          LaneEvents& events);
    LoadFeed load;
    std::unique_ptr<Sweep> sweep;
    LaterFeed later;
    FanOut fan_out;
    ParkedFeed parked;
    RepairFeed repair;
    std::vector<std::unique_ptr<KeyFeed>> keys;
    std::vector<Feed*> all;
  };
  // Whether the cluster takes documents: unknown until what waited at the start is written.
  struct FirstWrites {
    std::optional<uint64_t> batch;  // the last of those that waited, once every log was read
    bool done = false;
  };

  Status step();
  Status take_news();
  Status take_answers();
  Status take_answer(BulkResult answer);
  Status check_sources();
  void follow_heads();
  Status compose_waiting();
  void see_whether_writes_work();
  Status collect_positions();
  Status save_positions();
  void rest();
  bool may_compose() const;

  compose::PlanContext& context_;
  LaneEvents& events_;
  Bell bell_;
  Inbox inbox_;

  // The plan thread's alone:
  WorkTable table_{context_.touches};
  Feeds feeds_;
  IndexWatch index_watch_;
  std::unique_ptr<compose::Composer> composer_;
  FirstWrites first_writes_;
  TimePoint saved_at_, heads_followed_at_;

  BulkLane lane_;  // goes first: its answers ring
};

}  // namespace syncline::lanes

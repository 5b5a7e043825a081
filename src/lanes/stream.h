// Stream: follows the change logs of a plan's members and keeps its documents right, until
// something ends it.
//
// Owner: PlanRunner; run() on the plan's thread. Place in the flow: change log → [keys → ids →
// compose → bulk → acknowledged → position]. Other threads only wake it (results, touched members,
// load events).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compose/composer.h"
#include "compose/plan_context.h"
#include "lanes/fan_out.h"
#include "lanes/foreign_sweep.h"
#include "lanes/later_list.h"
#include "lanes/sweep.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class Stream {
 public:
  struct Events {
    // A member's position moved: every change up to it is in the index.
    std::function<void(const compose::Member&, const capture::Position&)> reached;
    // The load lane is to end its COPY, so that deletes made meanwhile can be confirmed.
    std::function<void()> end_segment;
    // The load lane has come to its end: the index's own settings are put back.
    std::function<Status()> loaded;
    // A table was truncated: until swept() documents of rows that are gone may still be there.
    std::function<void()> sweep_due;
    // Every document was composed (sweep), so many strangers aside: the plan's shape is stored.
    std::function<void(int64_t strangers)> swept;
    // The documents given to repair() were composed.
    std::function<void()> repaired;
    // Of a foreign plan: what a member has loaded; its documents are composed by the first sweep.
    std::function<void(const compose::Member&, const capture::LoadProgress&)> progress;
  };

  struct Start {
    std::string index_uuid;  // empty: there is no index yet
    std::optional<index::IndexOwner> index_owner;
    std::string shape;  // of the plan, to be stored when every document was composed
    // Owned: what to sweep once no load is running; nothing if every document is known to be
    // composed.
    std::optional<SweepOptions> sweep;
    // Foreign: up to where documents were looked at; nothing: none was.
    std::optional<std::string> swept;
  };
  Stream(compose::PlanContext& context, LaterList& later, Start start, Events events);
  ~Stream();

  // Returns with the reason for its end: retry (trouble, or the tables must be looked at anew),
  // needs_person; ok when stopping.
  Status run();

  // From other threads: documents to compose again, strangers too.
  void repair(std::vector<std::string> ids);
  // The load lane's news, and a plain wake.
  void wake();
  void load_started();
  void segment_ended();
  void load_finished(Status status);
  void outcome_unknown(const std::vector<std::string>& ids);

 private:
  struct Inbox {
    std::deque<BulkResult> results;
    std::vector<std::string> unknown;
    std::vector<std::string> repair;
    bool segment_ended = false;
    std::optional<Status> load_finished;
    bool woken = false;
  };

  Status step();
  Status take_inbox();
  Status handle_result(BulkResult result);
  Status read_members();
  Status read_member(size_t feed);
  Result<capture::ChangeBatch> read_batch(compose::Member& member);
  Status request_sweep();
  void add_keys(size_t feed, const capture::ChangeBatch& batch);
  Status queue_parked();
  void end_repair();
  void see_whether_writes_work();
  Status compose_waiting();
  Status collect_positions();
  Status save_positions(bool now);
  Status step_sweep();
  Status step_foreign_sweep();
  Status end_foreign_sweep();
  Status finish_foreign_loads();
  Status end_sweep(int64_t strangers);
  Duration foreign_sweep_interval() const;
  Status check_surroundings();
  Status check_index();
  void follow_head();
  void confirm_deletes();
  void wait();
  bool sweep_has_work() const;
  bool has_room() const;
  bool may_compose() const;
  int confirm_feed() const { return static_cast<int>(context_.members.size()); }
  int sweep_feed() const { return confirm_feed() + 1; }
  int later_feed() const { return confirm_feed() + 2; }
  int fan_out_feed() const { return confirm_feed() + 3; }
  int parked_feed() const { return confirm_feed() + 4; }
  int repair_feed() const { return confirm_feed() + 5; }
  void queue(int feed, const std::vector<std::string>& ids, WorkTable::Haste haste);

  compose::PlanContext& context_;
  LaterList& later_;
  const Start start_;
  std::optional<SweepOptions> sweep_options_;
  const Events events_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  Inbox inbox_;  // protected by mutex_

  // The plan thread's alone:
  WorkTable table_{context_.touches};
  std::unique_ptr<compose::Composer> composer_;
  FanOut fan_out_;
  std::unique_ptr<Sweep> sweep_;
  ForeignSweep foreign_sweep_;
  bool foreign_full_due_;               // every document is to be looked at
  bool foreign_sweep_is_full_ = false;  // and the round under way does it
  int64_t foreign_swept_ = 0;           // documents of the round
  TimePoint foreign_sweep_at_;          // when the next round is due
  uint64_t sweep_after_batch_ =
      0;  // compositions that began before what the sweep is for must have ended
  std::map<size_t, capture::Position> unsaved_;
  std::vector<TimePoint> read_at_;         // when each member's log was last read, by feed
  std::optional<uint64_t> first_batches_;  // the last batch of those, when all logs had been read
  bool writes_work_ = false;
  std::vector<bool> more_;  // the member's last batch was not at the head
  bool loading_ = false;
  bool repairing_ = false;
  std::vector<std::string> deleted_while_loading_;
  TimePoint saved_at_, index_checked_at_, head_followed_at_;
  const StopSignal
      never_;  // positions are stored on the way out, too, when the plan's own signal is raised

  std::unique_ptr<index::BulkWriter> writer_;
};

}  // namespace syncline::lanes

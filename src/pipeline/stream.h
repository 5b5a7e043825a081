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

#include "pipeline/composer.h"
#include "pipeline/plan_context.h"
#include "pipeline/sweep.h"
#include "pipeline/work_table.h"

namespace syncline {

// Documents to be composed once more at a later time, for requests that were cut and may still
// arrive. Outlives one run of the stream. Bounded: past kIdsMax it stands for every document. The
// plan's thread alone.
class LaterList {
 public:
  static constexpr size_t kIdsMax = 100'000;

  struct Due {
    std::vector<std::string> ids;
    bool every_document = false;
  };

  void add(const std::vector<std::string>& ids, TimePoint due);
  Due take_due(TimePoint now);

 private:
  std::map<TimePoint, std::vector<std::string>> entries_;
  size_t ids_ = 0;
  std::optional<TimePoint> every_document_at_;
};

class Stream {
 public:
  struct Events {
    // A member's position moved: every change up to it is in the index.
    std::function<void(const Member&, const Position&)> reached;
    // The load lane is to end its COPY, so that deletes made meanwhile can be confirmed.
    std::function<void()> end_segment;
    // Somebody waits for a lock on a table that is being loaded.
    std::function<void()> give_way;
    // The load lane has come to its end: the index's own settings are put back.
    std::function<Status()> loaded;
    // A table was truncated: until swept() documents of rows that are gone may still be there.
    std::function<void()> sweep_due;
    // Every document was composed (sweep): the plan's shape is stored.
    std::function<void()> swept;
  };

  // sweep: what to sweep once no load is running; nothing if every document is known to be
  // composed.
  Stream(PlanContext& context, LaterList& later, const std::string& index_uuid,
         const std::string& shape, std::optional<SweepOptions> sweep, Events events);
  ~Stream();

  // Returns with the reason for its end: retry (trouble, or the tables must be looked at anew),
  // pause_job; ok when stopping.
  Status run();

  // From other threads: the load lane's news, and a plain wake.
  void wake();
  void load_started();
  void segment_ended();
  void load_finished(Status status);
  void outcome_unknown(const std::vector<std::string>& ids);

 private:
  struct Inbox {
    std::deque<BulkResult> results;
    std::vector<std::string> unknown;
    bool segment_ended = false;
    std::optional<Status> load_finished;
    bool woken = false;
  };

  Status step();
  Status take_inbox();
  Status settle_result(BulkResult result);
  Status read_members();
  Status read_member(size_t feed);
  Status request_sweep();
  void add_keys(size_t feed, const ChangeBatch& batch);
  Status compose_waiting();
  Status collect_positions();
  Status save_positions(bool now);
  Status start_sweep_if_due();
  Status check_surroundings();
  Status check_index();
  Status check_lock_waiters();
  void confirm_deletes();
  void wait();
  bool has_room() const;
  int confirm_feed() const { return static_cast<int>(context_.members.size()); }
  int sweep_feed() const { return confirm_feed() + 1; }
  int later_feed() const { return confirm_feed() + 2; }
  void queue(int feed, const std::vector<std::string>& ids);

  PlanContext& context_;
  LaterList& later_;
  const std::string index_uuid_;
  const std::string shape_;
  std::optional<SweepOptions> sweep_options_;
  const Events events_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  Inbox inbox_;  // protected by mutex_

  // The plan thread's alone:
  WorkTable table_;
  Composer composer_;
  std::unique_ptr<Sweep> sweep_;
  uint64_t sweep_after_batch_ =
      0;  // compositions that began before what the sweep is for must have ended
  std::map<size_t, Position> unsaved_;
  std::vector<TimePoint> read_at_;  // when each member's log was last read, by feed
  std::vector<bool> more_;          // the member's last batch was not at the head
  std::map<Source*, int> generations_;
  bool loading_ = false;
  std::vector<std::string> deleted_while_loading_;
  TimePoint saved_at_, index_checked_at_, locks_checked_at_;
  const StopSignal
      never_;  // positions are stored on the way out, too, when the plan's own signal is raised

  std::unique_ptr<BulkWriter> writer_;
};

}  // namespace syncline

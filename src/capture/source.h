// Source: one PostgreSQL database as a running thing: its connections, what is installed in it, and
// the change reader that wakes the plans.
//
// Owner: Supervisor, one for each source with jobs. Thread-safe. Starts one thread (the change
// reader) and joins it. Place in the flow: tables ─trigger→ change log ─poll→ [Source wakes the
// members touched] → plans read their keys.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "capture/capture.h"
#include "capture/change_log.h"
#include "capture/feed.h"
#include "capture/fingerprint.h"
#include "capture/history.h"
#include "capture/lock_watch.h"
#include "capture/plan_records.h"
#include "capture/plan_store.h"
#include "capture/snapshot.h"
#include "capture/subscriptions.h"
#include "model/spec.h"
#include "postgres/session_pool.h"

namespace syncline::capture {

class Source {
 public:
  // What outlives the process. Called on the reader's thread, durable before they return.
  struct Memory {
    std::function<Status()> installed;  // our schema exists
    std::function<Result<std::optional<DatabaseHistory>>()> history;
    std::function<Status(const DatabaseHistory&)> remember_history;
  };
  Source(const SourceSpec& spec, std::string instance_id, const Clock& clock, Memory memory);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const SourceSpec& spec() const { return spec_; }
  postgres::SessionPool& sessions() { return sessions_; }
  Capture& capture() { return capture_; }
  // How far a plan is, as far as this source keeps it. It ends before the source.
  PlanRecords records(std::string plan, const StopSignal& stop,
                      Duration patience = postgres::SessionPool::kAcquireTimeout) {
    return {plan_store_, std::move(plan), sessions_, stop, patience};
  }
  PlanRecords records(std::string plan, postgres::Session& in_hand) const {
    return {plan_store_, std::move(plan), in_hand};
  }
  LockWatch& lock_watch() { return lock_watch_; }
  // Held while watches and members are installed or removed, so that the one never undoes the
  // other.
  std::mutex& admin_mutex() { return admin_mutex_; }

  // Nothing while the reader is connected and the schema is ours; else why not ("connecting" at
  // first).
  std::optional<Error> error() const;

  // Whether the first attempt to connect is still under way, so that it is too early to call the
  // source unreachable.
  bool connecting() const { return connecting_.load(); }

  // The changes of a watch from a position on. `wake` is called on the reader's thread when there
  // may be keys, and must not block. The feed ends before the source and `stop`.
  std::unique_ptr<ChangeFeed> open_feed(int watch, const Position& from, const StopSignal& stop,
                                        std::function<void()> wake);
  // What has been committed by now.
  Result<Position> mark(const StopSignal& stop);
  // Whether a feed that has reached this position has given out all that was committed by a mark.
  bool has_passed(const Position& reached, const Position& mark) const;
  // Keys of a watch that were logged since a position; counts at most ChangeLog::kCountMax. Waits
  // at most `patience` for a session.
  Result<int64_t> lag(int watch, const Position& since, const StopSignal& stop, Duration patience);
  // Counts the moments at which plans had to look at their tables anew: of all watches
  // (reconnected, log overflowed), or of one (its table was altered). A plan takes generation()
  // before it looks, and looks again when generation(watch) has passed that.
  int generation() const;
  int generation(int watch) const;

  // What the catalog says of a table, to be taken before the table is described.
  Result<TableState> read_table_state(postgres::Session& session, const TableColumns& table) const;

  struct WatchStart {
    int watch = 0;
    int generation = 0;  // the caller has seen everything up to this one
  };
  // Brings a watch up for a table that was described when its state was `described`, and stores its
  // fingerprint. What was found different from the fingerprint stored before has its consequences:
  // members start over, new partitions' rows are logged. Precondition: admin_mutex() is held.
  // Error: retry, also when the table was altered since it was described.
  Result<WatchStart> bring_up_watch(postgres::Session& session, const postgres::TableInfo& table,
                                    const WatchRequest& request, const TableColumns& name,
                                    const TableState& described, const StopSignal& stop);
  // Makes every member of a watch load its table again. Precondition as above.
  Status start_over(postgres::Session& session, int watch, const std::string& why);

  // A load of one of the watch's members is over. It stays on while another one's is under way.
  Status end_loading(int watch, const StopSignal& stop);
  // Removes what is stored of members that are not in `wanted` (plan, job), and their watches.
  // Precondition: admin_mutex() is held.
  Status forget_others(postgres::Session& session,
                       const std::set<std::pair<std::string, std::string>>& wanted,
                       const StopSignal& stop);

  // What the status of a watch's jobs should tell: why it loads again (until that load has ended),
  // and that some rows pass the capture by.
  std::vector<std::string> warnings(int watch) const;
  void load_ended(int watch);

  // Tells whoever waits for this source that its state changed.
  void on_change(std::function<void()> listener);

 private:
  void run();
  Status connect_and_read();
  Status take_ownership(postgres::Session& session);
  Status read_changes(postgres::Session& session);
  Status poll(postgres::Session& session);
  Status handle_overflow(postgres::Session& session);
  Result<bool> make_room(postgres::Session& session);
  Status check_publications(postgres::Session& session);
  Status check_history(postgres::Session& session, const DatabaseHistory& now);
  Status remember_history(postgres::Session& session);
  Status check_unlogged_tables(postgres::Session& session);
  Status forget_loads(postgres::Session& session);
  Status load_everything_again(postgres::Session& session, const std::string& why);
  Status check_tables_when_due(postgres::Session& session);
  void retry_unfinished_when_due();
  Status sleep_until_woken(postgres::Session& session);
  Status rotate_when_due(postgres::Session& session);
  void restart_plans(std::optional<int> watch);
  Status find_changes_of_partitions(postgres::Session& session, const postgres::TableInfo& table,
                                    const WatchRequest& request, int watch, const TableState& now);
  void set_reload_reason(int watch, std::string reason);
  void set_error(std::optional<Error> error);

  const SourceSpec spec_;
  const std::string instance_id_;
  const Clock& clock_;
  const Memory memory_;
  postgres::SessionPool sessions_;
  Capture capture_;
  const ChangeLog change_log_;
  const PlanStore plan_store_;
  const Fingerprints fingerprints_;
  LockWatch lock_watch_;
  Subscriptions subscriptions_;
  std::mutex admin_mutex_;
  // Protected by admin_mutex_: by watch, digests of the differences that were acted on.
  std::map<int, std::string> differences_;
  StopSignal stop_;

  std::atomic<bool> connecting_{true};

  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::optional<Error> error_;
  int generation_ = 0;                                // the last one
  int generation_of_all_ = 0;                         // the last one that concerned every watch
  std::map<int, int> generations_;                    // by watch
  std::map<int, std::string> reloads_;                // by watch: why it loads again
  std::map<int, std::vector<std::string>> warnings_;  // by watch, as of when it was brought up
  std::set<int> unfinished_;                          // watches whose tables were locked then
  std::string published_;                             // who publishes our tables
  std::function<void()> listener_;

  // The reader's alone:
  Snapshot head_;            // up to where it has polled
  DatabaseHistory history_;  // of the database as last seen; no identity: never
  TimePoint remembered_at_;
  bool changed_since_remembered_ = false;
  TimePoint last_change_at_;
  Duration gather_for_{};  // the next poll's distance while changes come
  TimePoint last_rotation_at_;
  TimePoint last_overflow_at_;
  TimePoint tables_checked_at_;
  TimePoint unfinished_tried_at_;
  TimePoint lock_refused_since_;
  bool log_used_ = true;  // since the last rotation
  bool notify_works_ = true;

  std::thread reader_;
};

}  // namespace syncline::capture

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
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "model/spec.h"
#include "source/capture.h"
#include "source/change_log.h"
#include "source/plan_store.h"
#include "source/session_pool.h"

namespace syncline {

class Source {
 public:
  // on_installed: called (on the reader's thread) when our schema exists, durable before it
  // returns.
  Source(const SourceSpec& spec, std::string instance_id, const Clock& clock,
         std::function<Status()> on_installed);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const SourceSpec& spec() const { return spec_; }
  SessionPool& sessions() { return sessions_; }
  Capture& capture() { return capture_; }
  const ChangeLog& change_log() const { return change_log_; }
  const PlanStore& plan_store() const { return plan_store_; }
  // Held while watches and members are installed or removed, so that the one never undoes the
  // other.
  std::mutex& admin_mutex() { return admin_mutex_; }

  // Nothing while the reader is connected and the schema is ours; else why not ("connecting" at
  // first).
  std::optional<Error> error() const;

  // Whether the first attempt to connect is still under way, so that it is too early to call the
  // source unreachable.
  bool connecting() const { return connecting_.load(); }

  // A member's interest in its watch. `wake` is called on the reader's thread and must not block.
  int subscribe(int watch, std::function<void()> wake);
  void unsubscribe(int subscription);
  // Whether keys may have been logged since the last call. Ask before reading, so that nothing
  // falls between.
  bool take_touched(int subscription);
  // Everything up to the head is known to hold no key for this subscription. Nothing while it is
  // touched, or if the head was taken before `later_than`.
  std::optional<Position> untouched_head(int subscription, TimePoint later_than) const;
  // Raised when every plan of the source has to look at its tables anew (columns altered, log
  // overflowed, reconnected).
  int generation() const;
  // Tells whoever waits for this source that its state changed.
  void on_change(std::function<void()> listener);

 private:
  struct Subscription {
    int watch = 0;
    bool touched = true;
    std::function<void()> wake;
  };

  void run();
  Status connect_and_read();
  Status take_ownership(Session& session);
  Status read_changes(Session& session);
  Status poll(Session& session);
  Status handle_overflow(Session& session);
  Status handle_altered(Session& session);
  Status sleep_until_woken(Session& session);
  Status rotate_when_due(Session& session);
  void touch(const ChangeLog::Head& head);
  void restart_plans();
  void set_error(std::optional<Error> error);

  const SourceSpec spec_;
  const std::string instance_id_;
  const Clock& clock_;
  const std::function<Status()> on_installed_;
  SessionPool sessions_;
  Capture capture_;
  const ChangeLog change_log_;
  const PlanStore plan_store_;
  std::mutex admin_mutex_;
  StopSignal stop_;

  std::atomic<bool> connecting_{true};

  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::optional<Error> error_;
  std::map<int, Subscription> subscriptions_;
  int next_subscription_ = 1;
  int generation_ = 0;
  Position head_;
  TimePoint head_taken_at_;
  std::function<void()> listener_;

  // The reader's alone:
  TimePoint last_change_at_;
  TimePoint last_rotation_at_;
  TimePoint last_overflow_at_;
  TimePoint lock_refused_since_;
  bool log_used_ = true;  // since the last rotation
  bool notify_works_ = true;

  std::thread reader_;
};

}  // namespace syncline

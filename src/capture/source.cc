#include "capture/source.h"

#include <poll.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/random_id.h"
#include "capture/privileges.h"
#include "capture/trigger_feed.h"

namespace syncline::capture {

namespace {

// While changes come, the log is polled; the longer none came, the more seldom. Then the reader
// sleeps until it is notified.
constexpr auto kBusyFor = std::chrono::milliseconds(50);
constexpr auto kBusyPoll = std::chrono::milliseconds(1);
// Where more come at once than a few writers make by chance it waits for others to go with them:
// most of what a change costs, the engine and the servers alike, it costs by the batch. From two
// changes a millisecond on the wait grows to its limit.
constexpr int64_t kGatherFrom = 4;
constexpr auto kGatherPerChange = std::chrono::milliseconds(1);
constexpr auto kGatherMax = std::chrono::milliseconds(30);
constexpr auto kCalmFor = std::chrono::milliseconds(500);
constexpr auto kCalmPoll = std::chrono::milliseconds(5);
constexpr auto kSleepMax = std::chrono::seconds(1);
constexpr auto kSilentNap = std::chrono::milliseconds(20);
constexpr auto kSleepMaxWithoutNotify = std::chrono::milliseconds(100);
constexpr auto kRotateInterval = std::chrono::seconds(2);
constexpr auto kOverflowInterval = std::chrono::seconds(1);
constexpr auto kRememberInterval = std::chrono::seconds(1);
constexpr auto kReconnectMin = std::chrono::milliseconds(200);
constexpr auto kReconnectMax = std::chrono::seconds(5);
// The session of a Syncline that was killed a moment ago may still hold the lock.
constexpr auto kLockGrace = std::chrono::seconds(15);

}  // namespace

Source::Source(const SourceSpec& spec, std::string instance_id, const Clock& clock, Memory memory)
    : spec_(spec),
      instance_id_(std::move(instance_id)),
      clock_(clock),
      memory_(std::move(memory)),
      sessions_(spec, 1),
      capture_(spec, instance_id_),
      change_log_(capture_.schema(), spec.capture_log_bytes_max),
      plan_store_(capture_.schema()),
      fingerprints_(capture_.schema()),
      lock_watch_(sessions_, clock),
      error_(Error::retry("connecting", Origin::database, "08001")),
      reader_([this] { run(); }) {}

Source::~Source() {
  stop_.raise();
  reader_.join();
}

std::optional<Error> Source::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

int Source::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

int Source::generation(int watch) const {
  const std::lock_guard lock(mutex_);
  const auto found = generations_.find(watch);
  return std::max(generation_of_all_, found == generations_.end() ? 0 : found->second);
}

void Source::on_change(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

std::unique_ptr<ChangeFeed> Source::open_feed(int watch, const Position& from,
                                              const StopSignal& stop, std::function<void()> wake) {
  const auto keys_lost = [this, watch](postgres::Session& session) {
    const std::lock_guard admin(admin_mutex_);
    return start_over(session, watch, "rows were written while a column of the id was gone");
  };
  return std::make_unique<TriggerFeed>(
      TriggerFeed::Parts{sessions_, change_log_, subscriptions_, keys_lost, stop}, watch, from,
      std::move(wake));
}

Result<Position> Source::mark(const StopSignal& stop) {
  SYNCLINE_ASSIGN(const auto session,
                  sessions_.acquire(postgres::SessionPool::Use::short_work, stop));
  SYNCLINE_ASSIGN(const Snapshot now, change_log_.now(*session));
  return now.position();
}

bool Source::has_passed(const Position& reached, const Position& mark) const {
  return Snapshot::of(reached).covers(Snapshot::of(mark));
}

Result<int64_t> Source::lag(int watch, const Position& since, const StopSignal& stop,
                            Duration patience) {
  SYNCLINE_ASSIGN(const auto session,
                  sessions_.acquire(postgres::SessionPool::Use::short_work, stop, patience));
  return change_log_.count(*session, watch, Snapshot::of(since));
}

void Source::set_error(std::optional<Error> error) {
  std::function<void()> listener;
  {
    const std::lock_guard lock(mutex_);
    const bool changed =
        error_.has_value() != error.has_value() || (error && error_->message != error->message);
    error_ = std::move(error);
    if (!changed) return;
    if (error_) {
      spdlog::warn("source {}: {}", spec_.name, error_->message);
      generation_of_all_ = ++generation_;
    } else {
      spdlog::info("source {}: connected", spec_.name);
    }
    listener = listener_;
  }
  if (listener) listener();
}

// Of one watch, or of all.
void Source::restart_plans(std::optional<int> watch) {
  std::function<void()> listener;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    (watch ? generations_[*watch] : generation_of_all_) = generation_;
    listener = listener_;
  }
  if (listener) listener();
}

void Source::run() {
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kReconnectMin);
  while (!stop_.raised()) {
    const TimePoint begun = clock_.now();
    const Status ended = connect_and_read();
    if (stop_.raised()) return;
    if (!ended.ok()) {
      if (ended.error().code == postgres::kConnectionLost) sessions_.sever();
      set_error(ended.error());
    }
    connecting_.store(false);
    if (clock_.now() - begun > kReconnectMax) pause = kReconnectMin;
    if (stop_.wait_for(pause)) return;
    pause = std::min<std::chrono::milliseconds>(pause * 2, kReconnectMax);
  }
}

Status Source::connect_and_read() {
  SYNCLINE_ASSIGN(const auto session, postgres::Session::open(spec_, stop_));
  SYNCLINE_RETURN_IF_ERROR(check_schema_is_open(*session, spec_.capture_schema));
  SYNCLINE_RETURN_IF_ERROR(check_privileges(*session, spec_.capture_schema, {}));
  SYNCLINE_ASSIGN(const DatabaseHistory history, read_history(*session, capture_.schema()));
  SYNCLINE_RETURN_IF_ERROR(take_ownership(*session));
  SYNCLINE_ASSIGN(const postgres::Rows now,
                  session->query("SELECT pg_current_snapshot()::text,"
                                 " current_setting('max_prepared_transactions') = '0'"));
  const auto head = Snapshot::parse(now.text(0, 0));
  if (!head) return Error::bug("not a snapshot: " + now.text(0, 0));
  notify_works_ = now.boolean(0, 1);
  head_ = *head;
  subscriptions_.begin(head_, clock_.now());
  SYNCLINE_RETURN_IF_ERROR(session->script("LISTEN " + capture_.schema() + "; SELECT setval('" +
                                           capture_.schema() + ".sleeper', pg_backend_pid())"));
  SYNCLINE_RETURN_IF_ERROR(check_history(*session, history));
  SYNCLINE_RETURN_IF_ERROR(check_unlogged_tables(*session));
  set_error(std::nullopt);
  connecting_.store(false);
  last_change_at_ = tables_checked_at_ = clock_.now();  // plans that start look themselves
  const Status ended = read_changes(*session);
  const Status remembered = memory_.remember_history(history_);
  return ended.ok() ? remembered : ended;
}

// An older copy lacks changes that are in the indices already, and no key will tell of it.
Status Source::check_history(postgres::Session& session, const DatabaseHistory& now) {
  std::optional<DatabaseHistory> before = history_;
  if (history_.identity.empty()) {
    SYNCLINE_ASSIGN(before, memory_.history());
  }
  if (before) {
    if (const auto why = lost_history(*before, now)) {
      spdlog::warn("source {}: {}; loading again", spec_.name, *why);
      const std::lock_guard admin(admin_mutex_);
      SYNCLINE_RETURN_IF_ERROR(load_everything_again(session, "loading again: " + *why));
      SYNCLINE_RETURN_IF_ERROR(change_log_.drop_foreign(session));
    }
  }
  history_ = now;
  return remember_history(session);
}

Status Source::remember_history(postgres::Session& session) {
  remembered_at_ = clock_.now();
  changed_since_remembered_ = false;
  // Before it is set, since nobody may come to tell whether it was; and after, so that a copy from
  // before it is known.
  history_.next_mark = random_id();
  SYNCLINE_RETURN_IF_ERROR(memory_.remember_history(history_));
  failpoint("mark_before_set");
  SYNCLINE_RETURN_IF_ERROR(set_mark(session, capture_.schema(), history_.next_mark));
  failpoint("mark_set");
  history_.mark = history_.next_mark;
  return memory_.remember_history(history_);
}

// The running owner holds an advisory lock for as long as its reader is connected.
Status Source::take_ownership(postgres::Session& session) {
  {
    const std::lock_guard admin(admin_mutex_);
    SYNCLINE_RETURN_IF_ERROR(
        memory_.installed());  // before: what is half made must be cleaned as well
    SYNCLINE_RETURN_IF_ERROR(capture_.install_schema(session));
  }
  SYNCLINE_ASSIGN(const bool locked, capture_.try_lock(session));
  if (locked) {
    lock_refused_since_ = {};
    const std::lock_guard admin(admin_mutex_);
    return capture_.restore_schema(session, stop_);
  }
  if (lock_refused_since_ == TimePoint()) lock_refused_since_ = clock_.now();
  const std::string message =
      "another Syncline, or another source of this one, is running on schema " + capture_.schema() +
      " of this database; stop it, or give this source another capture_schema";
  if (clock_.now() - lock_refused_since_ < kLockGrace)
    return Error::retry(message, Origin::database, "55006");
  return Error::needs_person(message, Origin::database, "55006");
}

Status Source::read_changes(postgres::Session& session) {
  while (!stop_.raised()) {
    SYNCLINE_RETURN_IF_ERROR(poll(session));
    SYNCLINE_RETURN_IF_ERROR(rotate_when_due(session));
    SYNCLINE_RETURN_IF_ERROR(check_tables_when_due(session));
    SYNCLINE_RETURN_IF_ERROR(lock_watch_.check(session));
    const auto quiet_for = clock_.now() - last_change_at_;
    if (quiet_for < kCalmFor) {
      auto waited = session.wait_notification(
          quiet_for < kBusyFor ? gather_for_ : Duration(kCalmPoll), lock_watch_.fd());
      if (!waited.ok()) return std::move(waited).error();
    } else {
      SYNCLINE_RETURN_IF_ERROR(sleep_until_woken(session));
    }
  }
  return {};
}

Status Source::poll(postgres::Session& session) {
  const TimePoint asked_at = clock_.now();
  SYNCLINE_ASSIGN(const ChangeLog::Head head, change_log_.poll(session, head_));
  if (head.overflow) SYNCLINE_RETURN_IF_ERROR(handle_overflow(session));
  gather_for_ =
      std::clamp<Duration>((head.changes - kGatherFrom) * kGatherPerChange, kBusyPoll, kGatherMax);
  if (head.changes > 0) {
    last_change_at_ = asked_at;
    log_used_ = true;
    changed_since_remembered_ = true;
    // Not beside every poll: transactions of our own, which a crash of the database may take, come
    // after the changes.
    history_.xmax = std::max(history_.xmax, static_cast<int64_t>(head.now.xmax));
  }
  if (head.changes > 0) subscriptions_.touch(head.watches);
  head_ = head.now;
  subscriptions_.move_head(head_, asked_at);
  if (changed_since_remembered_ && asked_at - remembered_at_ > kRememberInterval)
    return remember_history(session);
  return {};
}

Status Source::sleep_until_woken(postgres::Session& session) {
  const std::string state = capture_.schema() + ".state";
  if (changed_since_remembered_) SYNCLINE_RETURN_IF_ERROR(remember_history(session));
  SYNCLINE_RETURN_IF_ERROR(
      session.script("SELECT setval('" + state + "', (last_value & 11) + 4) FROM " + state));
  // Once more: a writer may have looked at the flag just before it was set.
  SYNCLINE_RETURN_IF_ERROR(poll(session));
  // Those that are under way now may have logged before the flag was set, and will not notify.
  const std::vector<uint64_t> silent = head_.xip;
  const Duration long_nap = notify_works_ ? Duration(kSleepMax) : Duration(kSleepMaxWithoutNotify);
  while (!stop_.raised() && clock_.now() - last_change_at_ >= kCalmFor) {
    const bool all_ended =
        std::all_of(silent.begin(), silent.end(), [&](uint64_t txid) { return head_.sees(txid); });
    Duration nap = all_ended ? long_nap : Duration(kSilentNap);
    if (lock_watch_.has_any()) nap = std::min<Duration>(nap, LockWatch::kInterval);
    auto notified = session.wait_notification(nap, lock_watch_.fd());
    if (!notified.ok()) return std::move(notified).error();
    SYNCLINE_RETURN_IF_ERROR(poll(session));
    SYNCLINE_RETURN_IF_ERROR(rotate_when_due(session));
    SYNCLINE_RETURN_IF_ERROR(check_tables_when_due(session));
    SYNCLINE_RETURN_IF_ERROR(lock_watch_.check(session));
  }
  if (stop_.raised()) return {};
  return session.script("SELECT setval('" + state + "', last_value & 11) FROM " + state);
}

Status Source::rotate_when_due(postgres::Session& session) {
  if (!log_used_ || clock_.now() - last_rotation_at_ < kRotateInterval) return {};
  // Once more after the last change, when the plans have stored how far they are.
  if (clock_.now() - last_change_at_ > 2 * kRotateInterval) log_used_ = false;
  last_rotation_at_ = clock_.now();
  return change_log_.rotate(session);
}

// Keys were dropped. Every member has to load again, once there is room in the log: before, what is
// loaded would be loaded again. While others keep the full log from being emptied it is tried once
// a second.
Status Source::handle_overflow(postgres::Session& session) {
  if (clock_.now() - last_overflow_at_ < kOverflowInterval) return {};
  last_overflow_at_ = clock_.now();
  const std::lock_guard admin(admin_mutex_);
  // Before and after the flag goes: what a writer drops in between is dropped before it is loaded.
  SYNCLINE_RETURN_IF_ERROR(forget_loads(session));
  SYNCLINE_RETURN_IF_ERROR(change_log_.rotate(session));
  SYNCLINE_RETURN_IF_ERROR(change_log_.rotate(session));
  SYNCLINE_ASSIGN(const bool room, make_room(session));
  if (!room) {
    SYNCLINE_ASSIGN(const std::string holders, change_log_.holders(session));
    set_error(
        Error::retry("the change log reached capture_log_bytes_max, and is kept from being"
                     " emptied by " +
                         (holders.empty() ? "transactions that just ended" : holders) +
                         "; everything is loaded again when that is over",
                     Origin::database, "53400"));
    return {};
  }
  spdlog::warn("source {}: the change log reached capture_log_bytes_max; loading again",
               spec_.name);
  SYNCLINE_RETURN_IF_ERROR(load_everything_again(
      session, "loading again: the change log reached capture_log_bytes_max"));
  set_error(std::nullopt);
  return {};
}

// Whether the log takes keys again.
Result<bool> Source::make_room(postgres::Session& session) {
  const std::string schema = capture_.schema();
  SYNCLINE_ASSIGN(const postgres::Rows room,
                  session.query("SELECT pg_relation_size(format('" + schema +
                                    ".log_%s', last_value & 3)::regclass) < $1::bigint FROM " +
                                    schema + ".state",
                                {std::to_string(spec_.capture_log_bytes_max / 2)}));
  if (!room.boolean(0, 0)) return false;
  SYNCLINE_RETURN_IF_ERROR(session.script("SELECT setval('" + schema +
                                          ".state', last_value & 7) FROM " + schema +
                                          ".state; SELECT setval('" + schema + ".overflow', 0)"));
  return true;
}

Status Source::forget_loads(postgres::Session& session) {
  return session.script("UPDATE " + capture_.schema() +
                        ".member SET definition = '', position = pg_current_snapshot()");
}

// Precondition: admin_mutex_ is held.
Status Source::load_everything_again(postgres::Session& session, const std::string& why) {
  SYNCLINE_RETURN_IF_ERROR(forget_loads(session));
  SYNCLINE_ASSIGN(const postgres::Rows watches,
                  session.query("SELECT id FROM " + capture_.schema() + ".watch"));
  for (int i = 0; i < watches.size(); ++i)
    set_reload_reason(static_cast<int>(watches.integer(i, 0)), why);
  restart_plans(std::nullopt);
  return {};
}

}  // namespace syncline::capture

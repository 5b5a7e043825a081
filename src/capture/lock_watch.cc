#include "capture/lock_watch.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"

namespace syncline::capture {

LockWatch::LockWatch(postgres::SessionPool& sessions, const Clock& clock)
    : sessions_(sessions), clock_(clock), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  sessions_.set_slow_fd(fd_);
}

LockWatch::~LockWatch() {
  ::close(fd_);
}

int LockWatch::add(int process, std::function<void()> give_way) {
  const std::lock_guard lock(mutex_);
  entries_.emplace(next_, Entry{process, std::move(give_way), false});
  ::eventfd_write(fd_, 1);
  return next_++;
}

void LockWatch::remove(int number) {
  const std::lock_guard lock(mutex_);
  entries_.erase(number);
}

bool LockWatch::has_any() const {
  {
    const std::lock_guard lock(mutex_);
    if (!entries_.empty()) return true;
  }
  return !sessions_.slow_statements().empty();
}

Status LockWatch::check(postgres::Session& session) {
  eventfd_t added = 0;
  ::eventfd_read(fd_, &added);
  if (clock_.now() - checked_at_ < kInterval) return {};
  const std::map<int, TimePoint> slow = sessions_.slow_statements();
  std::vector<int> processes;
  for (const auto& [process, since] : slow) processes.push_back(process);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, entry] : entries_) processes.push_back(entry.process);
  }
  if (processes.empty()) return {};
  checked_at_ = clock_.now();
  SYNCLINE_ASSIGN(const std::set<int> blocking, find_blocking(session, processes));
  if (blocking.empty()) return {};
  std::vector<int> stubborn = ask_copies(blocking), cancelled;
  const std::map<int, TimePoint> before = std::exchange(cancelled_, {});
  for (const auto& [process, since] : slow) {
    if (blocking.count(process) == 0) continue;
    // One that sends its rows does not hear of it.
    const auto known = before.find(process);
    const bool again = known != before.end() && known->second == since;
    (again ? stubborn : cancelled).push_back(process);
    cancelled_.emplace(process, since);
  }
  SYNCLINE_RETURN_IF_ERROR(end(session, "pg_cancel_backend", cancelled));
  return end(session, "pg_terminate_backend", stubborn);
}

std::vector<int> LockWatch::ask_copies(const std::set<int>& blocking) {
  std::vector<int> asked_before;
  const std::lock_guard lock(mutex_);
  for (auto& [number, entry] : entries_) {
    if (blocking.count(entry.process) == 0) continue;
    if (std::exchange(entry.told, true)) {
      asked_before.push_back(entry.process);
    } else {
      entry.give_way();
    }
  }
  return asked_before;
}

Status LockWatch::end(postgres::Session& session, const char* function,
                      const std::vector<int>& processes) {
  for (const int process : processes) {
    spdlog::info("ending the reading of a table that somebody needs for himself");
    SYNCLINE_ASSIGN(
        [[maybe_unused]] const postgres::Rows ended,
        session.query(std::string("SELECT ") + function + "($1::int)", {std::to_string(process)}));
  }
  return {};
}

// Nothing but an ACCESS EXCLUSIVE lock has to wait for one that reads.
Result<std::set<int>> LockWatch::find_blocking(postgres::Session& session,
                                               const std::vector<int>& processes) {
  std::vector<std::string> numbers;
  for (const int process : processes) numbers.push_back(std::to_string(process));
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("WITH l AS MATERIALIZED (SELECT relation, pid, granted, mode FROM pg_locks"
                    " WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database"
                    " WHERE datname = current_database()))"
                    " SELECT DISTINCT h.pid FROM l h JOIN l w ON w.relation = h.relation"
                    " WHERE h.granted AND h.pid = ANY ($1::int[])"
                    " AND NOT w.granted AND w.mode = 'AccessExclusiveLock'",
                    {postgres::Session::array_literal(numbers)}));
  std::set<int> blocking;
  for (int i = 0; i < rows.size(); ++i) blocking.insert(static_cast<int>(rows.integer(i, 0)));
  return blocking;
}

}  // namespace syncline::capture

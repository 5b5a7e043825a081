#include "source/lock_watch.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "base/log.h"

namespace syncline {

LockWatch::LockWatch(const Clock& clock)
    : clock_(clock), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

LockWatch::~LockWatch() {
  ::close(fd_);
}

int LockWatch::add(uint32_t relation, int process, std::function<void()> give_way) {
  const std::lock_guard lock(mutex_);
  entries_.emplace(next_, Entry{relation, process, std::move(give_way), false});
  ::eventfd_write(fd_, 1);
  return next_++;
}

void LockWatch::remove(int number) {
  const std::lock_guard lock(mutex_);
  entries_.erase(number);
}

bool LockWatch::has_any() const {
  const std::lock_guard lock(mutex_);
  return !entries_.empty();
}

Status LockWatch::check(Session& session) {
  eventfd_t added = 0;
  ::eventfd_read(fd_, &added);
  if (clock_.now() - checked_at_ < kInterval || !has_any()) return {};
  checked_at_ = clock_.now();
  // Nothing but an ACCESS EXCLUSIVE lock has to wait for a COPY.
  SYNCLINE_ASSIGN(const Rows rows,
                  session.query("SELECT DISTINCT relation FROM pg_locks WHERE NOT granted AND"
                                " locktype = 'relation' AND mode = 'AccessExclusiveLock' AND"
                                " database = (SELECT oid FROM pg_database WHERE datname ="
                                " current_database())"));
  std::set<uint32_t> wanted;
  for (int i = 0; i < rows.size(); ++i) wanted.insert(static_cast<uint32_t>(rows.integer(i, 0)));
  std::vector<int> stubborn;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [number, entry] : entries_) {
      if (wanted.count(entry.relation) == 0) continue;
      if (std::exchange(entry.told, true)) {
        stubborn.push_back(entry.process);
      } else {
        entry.give_way();
      }
    }
  }
  for (const int process : stubborn) {
    spdlog::info("ending the reading of a table that somebody needs for himself");
    SYNCLINE_ASSIGN(
        [[maybe_unused]] const Rows ended,
        session.query("SELECT pg_terminate_backend($1::int)", {std::to_string(process)}));
  }
  return {};
}

}  // namespace syncline

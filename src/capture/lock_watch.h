// LockWatch: sees when somebody waits for a lock on a table that a statement of ours reads, and
// ends the statement: theirs would queue behind it, and everybody's behind theirs. A COPY is asked
// to give way; any other statement that takes longer than a moment is cancelled, and made again by
// whoever made it.
//
// Owner: Source. add() and remove(): any thread; the rest: the change reader's, whose waits end
// early when fd() becomes readable.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/session.h"
#include "postgres/session_pool.h"

namespace syncline::capture {

class LockWatch {
 public:
  static constexpr auto kInterval = std::chrono::milliseconds(250);

  // sessions: whose statements are looked at; it outlives the watch.
  LockWatch(postgres::SessionPool& sessions, const Clock& clock);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  // A COPY by this server process. give_way: called on the change reader's thread, must not block;
  // a COPY that has not ended an interval later is ended on the server.
  int add(int process, std::function<void()> give_way);
  void remove(int number);

  // Whether there is anything that somebody may wait for.
  bool has_any() const;
  int fd() const { return fd_; }

  // Looks, if an interval has passed since it last did.
  Status check(postgres::Session& session);

 private:
  struct Entry {
    int process = 0;
    std::function<void()> give_way;
    bool told = false;
  };

  // Of these server processes those that keep somebody waiting.
  static Result<std::set<int>> find_blocking(postgres::Session& session,
                                             const std::vector<int>& processes);
  // Asks the COPYs to give way; gives back those that were asked before.
  std::vector<int> ask_copies(const std::set<int>& blocking);
  static Status end(postgres::Session& session, const char* function,
                    const std::vector<int>& processes);

  postgres::SessionPool& sessions_;
  const Clock& clock_;
  const int fd_;  // an eventfd

  mutable std::mutex mutex_;
  std::map<int, Entry> entries_;  // protected by mutex_
  int next_ = 1;                  // likewise
  // The change reader's:
  TimePoint checked_at_;
  std::map<int, TimePoint> cancelled_;  // statements, as of the last look
};

}  // namespace syncline::capture

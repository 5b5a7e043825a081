// LockWatch: sees when somebody waits for a lock on a table that a COPY of ours reads, and makes
// the COPY end: their statement would queue behind it, and everybody's behind theirs (design
// section 5).
//
// Owner: Source. add() and remove(): any thread; check(): the change reader's, whose waits end
// early when fd() becomes readable.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "source/session.h"

namespace syncline {

class LockWatch {
 public:
  static constexpr auto kInterval = std::chrono::milliseconds(250);

  explicit LockWatch(const Clock& clock);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  // A COPY of this relation by this server process. give_way: called on the change reader's thread,
  // must not block; a COPY that has not ended an interval later is ended on the server.
  int add(uint32_t relation, int process, std::function<void()> give_way);
  void remove(int number);

  bool has_any() const;
  int fd() const { return fd_; }

  // Looks, if an interval has passed since it last did.
  Status check(Session& session);

 private:
  struct Entry {
    uint32_t relation = 0;
    int process = 0;
    std::function<void()> give_way;
    bool told = false;
  };

  const Clock& clock_;
  const int fd_;  // an eventfd

  mutable std::mutex mutex_;
  std::map<int, Entry> entries_;  // protected by mutex_
  int next_ = 1;                  // likewise
  TimePoint checked_at_;          // the change reader's
};

}  // namespace syncline

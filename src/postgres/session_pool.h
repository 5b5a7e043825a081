// SessionPool: the connections of one source, bounded by its max_connections for all its jobs
// together.
//
// Owner: Source. Thread-safe. A lease gives its session back when it goes; a broken session is
// closed instead. Loads hold a session for minutes, so they may take only some of them: composing
// must never starve.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "model/spec.h"
#include "postgres/session.h"

namespace syncline::postgres {

class SessionPool {
 public:
  enum class Use { short_work, load };

  class Lease {
   public:
    Lease() = default;
    Lease(SessionPool* pool, std::unique_ptr<Session> session, Use use)
        : pool_(pool), session_(std::move(session)), use_(use) {}
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }

    Session* operator->() const { return session_.get(); }
    Session& operator*() const { return *session_; }

   private:
    void release();
    SessionPool* pool_ = nullptr;
    std::unique_ptr<Session> session_;
    Use use_ = Use::short_work;
  };

  // reserved: connections that others of the source hold outside of the pool (the change reader's).
  SessionPool(SourceSpec spec, int reserved);

  static constexpr Duration kAcquireTimeout = std::chrono::seconds(30);

  // Waits at most `timeout` (a load: until stopped) for a free connection, then opens one if none
  // is idle. Error: retry, or what Session::open says. `stop` outlives the lease and ends the
  // lessee's waits on the socket.
  Result<Lease> acquire(Use use, const StopSignal& stop, Duration timeout = kAcquireTimeout);
  // A further connection for short work if one is idle or may be opened while at least `spared`
  // others stay free. Never waits for one.
  Result<std::optional<Lease>> try_acquire(const StopSignal& stop, int spared);

  // An eventfd that is written to when a statement turns out to be slow; before the first lease.
  void set_slow_fd(int fd) { slow_fd_ = fd; }
  // The statements under way that are slow (Session::kSlow): server processes, and since when.
  std::map<int, TimePoint> slow_statements();

  // Closes all connections, also those in use, whose users get an error: the database does not
  // answer, and each would find out for itself after a long wait.
  void sever();

 private:
  Result<Lease> open(std::unique_ptr<Session> session, Use use, const StopSignal& stop);
  std::unique_ptr<Session> take_idle();  // mutex_ is held
  Lease lend(std::unique_ptr<Session> session, Use use);
  void give_back(std::unique_ptr<Session> session, Use use);

  const SourceSpec spec_;
  const int sessions_max_;
  const int loads_max_;
  int slow_fd_ = -1;
  std::mutex mutex_;
  std::condition_variable freed_for_short_work_, freed_for_load_;
  // Protected by mutex_:
  std::vector<std::unique_ptr<Session>> idle_;
  std::vector<Session*> in_use_;
  int lent_ = 0;
  int loads_ = 0;
};

}  // namespace syncline::postgres

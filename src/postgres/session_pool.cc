#include "postgres/session_pool.h"

#include <algorithm>

namespace syncline::postgres {

namespace {
constexpr auto kStopCheckInterval = std::chrono::milliseconds(200);
}  // namespace

SessionPool::Lease& SessionPool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::exchange(other.pool_, nullptr);
  session_ = std::move(other.session_);
  use_ = other.use_;
  return *this;
}

void SessionPool::Lease::release() {
  if (pool_ != nullptr) pool_->give_back(std::move(session_), use_);
  pool_ = nullptr;
}

SessionPool::SessionPool(SourceSpec spec, int reserved)
    : spec_(std::move(spec)),
      sessions_max_(std::max(2, spec_.max_connections - reserved)),
      loads_max_(std::max(1, (sessions_max_ - 1) / 2)) {}

Result<SessionPool::Lease> SessionPool::acquire(Use use, const StopSignal& stop, Duration timeout) {
  std::unique_ptr<Session> session;
  {
    std::unique_lock lock(mutex_);
    const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
    const auto free = [&] {
      return lent_ < sessions_max_ && (use != Use::load || loads_ < loads_max_);
    };
    auto& freed = use == Use::load ? freed_for_load_ : freed_for_short_work_;
    while (!free()) {
      freed.wait_for(lock, kStopCheckInterval);
      const bool late = use != Use::load && std::chrono::steady_clock::now() > deadline;
      if (!stop.raised() && !late) continue;
      freed.notify_one();  // another one may take what this one was woken for
      if (stop.raised()) return Error::stop();
      return Error::retry(
          "all " + std::to_string(sessions_max_) + " connections of the source stayed busy",
          Origin::database, "53300");
    }
    ++lent_;
    if (use == Use::load) ++loads_;
    session = take_idle();
  }
  return open(std::move(session), use, stop);
}

Result<std::optional<SessionPool::Lease>> SessionPool::try_acquire(const StopSignal& stop,
                                                                   int spared) {
  std::unique_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (lent_ + spared >= sessions_max_) return std::optional<Lease>();
    ++lent_;
    session = take_idle();
  }
  SYNCLINE_ASSIGN(Lease lease, open(std::move(session), Use::short_work, stop));
  return std::optional<Lease>(std::move(lease));
}

std::unique_ptr<Session> SessionPool::take_idle() {
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Session> session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

Result<SessionPool::Lease> SessionPool::open(std::unique_ptr<Session> session, Use use,
                                             const StopSignal& stop) {
  if (session && session->usable()) {
    session->set_stop(stop);
    return lend(std::move(session), use);
  }
  session.reset();  // before there is another one in its place
  auto opened = Session::open(spec_, stop);
  if (!opened.ok()) {
    give_back(nullptr, use);
    return std::move(opened).error();
  }
  (*opened)->set_slow_fd(slow_fd_);
  return lend(std::move(opened).value(), use);
}

SessionPool::Lease SessionPool::lend(std::unique_ptr<Session> session, Use use) {
  const std::lock_guard lock(mutex_);
  in_use_.push_back(session.get());
  return Lease(this, std::move(session), use);
}

std::map<int, TimePoint> SessionPool::slow_statements() {
  std::map<int, TimePoint> slow;
  const TimePoint begun_before = std::chrono::steady_clock::now() - Session::kSlow;
  const std::lock_guard lock(mutex_);
  for (const Session* session : in_use_) {
    const auto since = session->busy_since();
    if (since && *since <= begun_before) slow.emplace(session->process(), *since);
  }
  return slow;
}

void SessionPool::sever() {
  std::vector<std::unique_ptr<Session>> closing;
  const std::lock_guard lock(mutex_);
  closing.swap(idle_);
  for (Session* session : in_use_) session->sever();
}

void SessionPool::give_back(std::unique_ptr<Session> session, Use use) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(in_use_, session.get());
  }
  if (session && !session->idle()) session.reset();  // before its place is free
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (use == Use::load) --loads_;
    if (session) idle_.push_back(std::move(session));
  }
  // Not all: with a hundred jobs that start, each would wake the others for nothing.
  freed_for_short_work_.notify_one();
  freed_for_load_.notify_one();
}

}  // namespace syncline::postgres

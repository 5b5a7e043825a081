// BulkConcurrency: how many bulk requests a target takes at once, learned from how it answers.
//
// Owner: Cluster, one for each target, shared by the plans on it. Thread-safe. A writer takes a
// slot before each request and gives it back with what came of it. Big bodies hold at most limit()
// slots, all bodies together two more, so that a small body (a single change, whose latency counts)
// never waits behind a load. Within that, who came first goes first.
//
// The limit is looked at once a window. It rises by one while the throughput rose with the last
// rise; a rise that brought nothing is taken back and not tried again for a while. It is halved by
// 429 and 503, and lowered by one when the latency rises without throughput.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace syncline::index {

enum class BulkVerdict {
  taken,       // answered: counts for throughput and latency
  overloaded,  // 429 or 503, for the request or for items
  lost,        // no answer, or one that says nothing about load
};

class BulkConcurrency {
 public:
  static constexpr int kLimitStart = 2;
  static constexpr int kLimitMax = 16;
  static constexpr int kSmallExtra = 2;
  static constexpr int kRequestsMax = kLimitMax + kSmallExtra;
  static constexpr size_t kSmallBytesMax = size_t{256} << 10;
  static constexpr Duration kWindow = std::chrono::milliseconds(500);

  using Ticket = uint64_t;

  explicit BulkConcurrency(const Clock& clock);
  BulkConcurrency(const BulkConcurrency&) = delete;
  BulkConcurrency& operator=(const BulkConcurrency&) = delete;

  // Takes a slot, and returns nothing: the request may go. Or queues, and returns a ticket:
  // `granted` is then called once a slot was taken for it, from the thread that released one,
  // without any lock held.
  std::optional<Ticket> acquire(size_t bytes, std::function<void()> granted);
  // True: the ticket no longer waits, and its callback will not be called.
  bool cancel(Ticket ticket);
  // Gives back a slot taken for so many bytes.
  void release(size_t bytes, BulkVerdict verdict, Duration took);

  int limit() const;

 private:
  struct Waiter {
    Ticket ticket;
    bool small;
    std::function<void()> granted;
  };
  struct Window {
    TimePoint begin;
    size_t bytes = 0;
    int answers = 0;
    Duration latency_sum{};
    bool saturated = false;  // somebody waited, or all slots were taken: else throughput says
                             // nothing about the limit
  };
  struct Measure {
    double bytes_per_second = 0;
    double latency_s = 0;
  };

  bool fits(bool small) const;
  void take(bool small);
  std::vector<std::function<void()>> grant();
  void slow_down(TimePoint now);
  void close_window(TimePoint now);
  void adapt(const Measure& measure);
  void set_limit(int limit);

  const Clock& clock_;
  mutable std::mutex mutex_;
  int limit_ = kLimitStart;
  int small_under_way_ = 0;
  int big_under_way_ = 0;
  Ticket last_ticket_ = 0;
  std::deque<Waiter> waiters_;
  Window window_;
  std::optional<Measure> last_measure_;
  bool raised_last_ = false;  // the limit was raised at the end of the last window
  int windows_to_hold_ = 0;   // before the next rise is tried
  TimePoint slowed_down_at_;
};

}  // namespace syncline::index

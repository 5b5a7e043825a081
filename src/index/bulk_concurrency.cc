#include "index/bulk_concurrency.h"

#include <algorithm>
#include <utility>

namespace syncline::index {

namespace {

constexpr int kAnswersMin = 4;        // fewer make no measurement: the window goes on
constexpr double kGainMin = 1.03;     // throughput that counts as risen
constexpr double kLatencyRise = 1.3;  // latency that counts as risen
constexpr int kHoldAfterNoGain = 20;  // windows
constexpr int kHoldAfterOverload = 10;

}  // namespace

BulkConcurrency::BulkConcurrency(const Clock& clock) : clock_(clock) {
  window_.begin = clock.now();
  slowed_down_at_ = window_.begin - kWindow;
}

std::optional<BulkConcurrency::Ticket> BulkConcurrency::acquire(size_t bytes,
                                                                std::function<void()> granted) {
  const std::lock_guard lock(mutex_);
  const bool small = bytes < kSmallBytesMax;
  const bool kind_waits = std::any_of(waiters_.begin(), waiters_.end(),
                                      [small](const Waiter& w) { return w.small == small; });
  if (!kind_waits && fits(small)) {
    take(small);
    return std::nullopt;
  }
  window_.saturated = true;
  waiters_.push_back({++last_ticket_, small, std::move(granted)});
  return last_ticket_;
}

bool BulkConcurrency::cancel(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(waiters_, [ticket](const Waiter& w) { return w.ticket == ticket; }) > 0;
}

void BulkConcurrency::release(size_t bytes, BulkVerdict verdict, Duration took) {
  std::vector<std::function<void()>> granted;
  {
    const std::lock_guard lock(mutex_);
    --(bytes < kSmallBytesMax ? small_under_way_ : big_under_way_);
    const TimePoint now = clock_.now();
    if (verdict == BulkVerdict::overloaded) slow_down(now);
    if (verdict == BulkVerdict::taken) {
      window_.bytes += bytes;
      window_.latency_sum += took;
      ++window_.answers;
      if (now - window_.begin >= kWindow && window_.answers >= kAnswersMin) close_window(now);
    }
    granted = grant();
  }
  for (auto& callback : granted) callback();
}

int BulkConcurrency::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

bool BulkConcurrency::fits(bool small) const {
  return small_under_way_ + big_under_way_ < limit_ + kSmallExtra &&
         (small || big_under_way_ < limit_);
}

void BulkConcurrency::take(bool small) {
  ++(small ? small_under_way_ : big_under_way_);
  if (small_under_way_ + big_under_way_ >= limit_) window_.saturated = true;
}

std::vector<std::function<void()>> BulkConcurrency::grant() {
  std::vector<std::function<void()>> granted;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    if (!fits(waiter->small)) {
      ++waiter;
      continue;
    }
    take(waiter->small);
    granted.push_back(std::move(waiter->granted));
    waiter = waiters_.erase(waiter);
  }
  return granted;
}

// The requests under way when the target is overloaded are refused together: that counts once.
void BulkConcurrency::slow_down(TimePoint now) {
  windows_to_hold_ = kHoldAfterOverload;
  raised_last_ = false;
  last_measure_.reset();
  if (now - slowed_down_at_ < kWindow) return;
  slowed_down_at_ = now;
  set_limit(limit_ / 2);
}

void BulkConcurrency::close_window(TimePoint now) {
  const Window closed = std::exchange(window_, Window{});
  window_.begin = now;
  // Queues that outlive the window saturate the next one too.
  window_.saturated = !waiters_.empty();
  if (!closed.saturated) {
    raised_last_ = false;
    last_measure_.reset();
    return;
  }
  const std::chrono::duration<double> length = now - closed.begin;
  const std::chrono::duration<double> latency = closed.latency_sum;
  adapt({static_cast<double>(closed.bytes) / length.count(), latency.count() / closed.answers});
}

void BulkConcurrency::adapt(const Measure& measure) {
  const std::optional<Measure> last = std::exchange(last_measure_, measure);
  const bool raised = std::exchange(raised_last_, false);
  const bool gained = last && measure.bytes_per_second >= last->bytes_per_second * kGainMin;
  if (raised && !gained) {
    windows_to_hold_ = kHoldAfterNoGain;
    set_limit(limit_ - 1);
    last_measure_.reset();
    return;
  }
  if (last && !gained && measure.latency_s > last->latency_s * kLatencyRise) {
    windows_to_hold_ = std::max(windows_to_hold_, kHoldAfterOverload);
    set_limit(limit_ - 1);
    return;
  }
  if (windows_to_hold_ > 0) {
    --windows_to_hold_;
    return;
  }
  if (limit_ < kLimitMax) {
    raised_last_ = true;
    set_limit(limit_ + 1);
  }
}

void BulkConcurrency::set_limit(int limit) {
  limit_ = std::clamp(limit, 1, kLimitMax);
}

}  // namespace syncline::index

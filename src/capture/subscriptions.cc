#include "capture/subscriptions.h"

#include <algorithm>
#include <utility>

namespace syncline::capture {

int Subscriptions::add(int watch, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  const int number = next_++;
  subscriptions_.emplace(number, Subscription{watch, true, std::move(wake)});
  return number;
}

void Subscriptions::remove(int subscription) {
  const std::lock_guard lock(mutex_);
  subscriptions_.erase(subscription);
}

bool Subscriptions::take_touched(int subscription) {
  const std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(subscription);
  return found != subscriptions_.end() && std::exchange(found->second.touched, false);
}

std::optional<Snapshot> Subscriptions::untouched_head(int subscription,
                                                      TimePoint later_than) const {
  const std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(subscription);
  if (found == subscriptions_.end() || found->second.touched || head_taken_at_ <= later_than)
    return std::nullopt;
  return head_;
}

void Subscriptions::begin(const Snapshot& head, TimePoint taken_at) {
  const std::lock_guard lock(mutex_);
  head_ = head;
  head_taken_at_ = taken_at;
  for (auto& [number, subscription] : subscriptions_) subscription.touched = true;
}

void Subscriptions::touch(const std::optional<std::vector<int>>& watches) {
  const std::lock_guard lock(mutex_);
  for (auto& [number, subscription] : subscriptions_) {
    if (watches &&
        std::find(watches->begin(), watches->end(), subscription.watch) == watches->end())
      continue;
    subscription.touched = true;
    subscription.wake();
  }
}

void Subscriptions::move_head(const Snapshot& head, TimePoint taken_at) {
  const std::lock_guard lock(mutex_);
  head_ = head;
  head_taken_at_ = taken_at;
}

}  // namespace syncline::capture

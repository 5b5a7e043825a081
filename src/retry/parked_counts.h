// ParkedCounts: how many documents are parked, by plan and job, in memory.
//
// Owner: ParkedStore. Thread-safe, with a mutex of its own that nobody holds over I/O: what is
// asked for every bulk must not wait for another plan's fsync. Pairs with none are not held.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace syncline::retry {

class ParkedCounts {
 public:
  using Key = std::pair<std::string, std::string>;  // plan, job
  using Changes = std::map<Key, int64_t>;           // what a transaction will have changed

  void take(const Changes& changes) {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, by] : changes) {
      if ((counts_[key] += by) <= 0) counts_.erase(key);
    }
  }
  int64_t of(const std::string& plan, const std::string& job) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find({plan, job});
    return found == counts_.end() ? 0 : found->second;
  }
  int64_t of_plan(const std::string& plan) const {
    const std::lock_guard lock(mutex_);
    int64_t sum = 0;
    for (auto at = counts_.lower_bound({plan, ""}); at != counts_.end() && at->first.first == plan;
         ++at) {
      sum += at->second;
    }
    return sum;
  }
  int64_t of_job(const std::string& job) const {
    const std::lock_guard lock(mutex_);
    int64_t sum = 0;
    for (const auto& [key, count] : counts_) sum += key.second == job ? count : 0;
    return sum;
  }
  std::vector<Key> keys() const {
    const std::lock_guard lock(mutex_);
    std::vector<Key> keys;
    for (const auto& [key, count] : counts_) keys.push_back(key);
    return keys;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Key, int64_t> counts_;
};

}  // namespace syncline::retry

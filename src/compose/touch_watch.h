// TouchWatch: which of some documents were touched by a change while somebody watched. What looks
// the same twice need not have been so all the time: a row may have gone and come back.
//
// Owner: PlanRunner. The verifier's thread says what is watched and asks; the plan's thread tells
// of every document that enters its WorkTable, which costs it a load of an atomic while nobody
// watches.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace syncline::compose {

class TouchWatch {
 public:
  // These alone from here on, none of them touched yet.
  void watch(const std::vector<std::string>& ids) {
    const std::lock_guard lock(mutex_);
    touched_.clear();
    for (const std::string& id : ids) touched_.emplace(id, false);
    watching_.store(!ids.empty());
  }

  void touch(const std::string& id) {
    if (!watching_.load()) return;
    const std::lock_guard lock(mutex_);
    if (const auto watched = touched_.find(id); watched != touched_.end()) watched->second = true;
  }

  bool touched(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto watched = touched_.find(id);
    return watched != touched_.end() && watched->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, bool> touched_;  // protected by mutex_
  std::atomic<bool> watching_{false};
};

}  // namespace syncline::compose

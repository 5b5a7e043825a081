// WriteTrouble: why the cluster takes no writes, from the first that failed until one succeeds or
// none is left to be made. A plan that starts again has only connected: a cluster without the
// shards of an index answers everything but writes.
//
// Owner: PlanRunner, whose status shows it. Thread-safe. The lanes tell of each bulk's end.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "base/result.h"

namespace syncline {

class WriteTrouble {
 public:
  struct Current {
    Error error;
    int64_t since_us = 0;
  };

  void failed(const Error& error, int64_t now_us) {
    const std::lock_guard lock(mutex_);
    current_ = Current{error, current_ ? current_->since_us : now_us};
    any_.store(true);
  }

  void over() {
    if (!any_.load()) return;
    const std::lock_guard lock(mutex_);
    current_.reset();
    any_.store(false);
  }

  std::optional<Current> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Current> current_;  // protected by mutex_
  std::atomic<bool> any_{false};    // for those who ask often
};

}  // namespace syncline

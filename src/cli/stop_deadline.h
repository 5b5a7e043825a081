// StopDeadline: ends the process if stopping takes longer than the 10 s that it may. Everything is
// stored as by a crash at any moment, so that nothing is lost by it.
//
// Owner: main, for as long as it stops: made when the signal has come, gone when all has stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace syncline::cli {

class StopDeadline {
 public:
  // Calls `expired` from a thread of its own unless it is destroyed before.
  StopDeadline(std::chrono::milliseconds delay, std::function<void()> expired);
  ~StopDeadline();
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool in_time_ = false;
  std::thread watcher_;
};

}  // namespace syncline::cli

// WorkerPool: a fixed number of threads that answer complete requests, and a bounded queue before
// them.
//
// Owner: ConnectionLoop, whose thread alone calls try_add() and shutdown().
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace syncline::api {

class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t waiting_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and nothing done, if too many are waiting. Never waits.
  bool try_add(std::function<void()> task);
  // Ends what is being done, drops what is waiting, and joins the threads. Idempotent.
  void shutdown();

 private:
  void work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable task_came_;
  std::deque<std::function<void()>> waiting_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace syncline::api

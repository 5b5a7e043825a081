// WorkerPool: a fixed number of threads that serve accepted connections, and a bounded queue before
// them.
//
// Owner: the HTTP server's listening thread, which alone calls enqueue() and shutdown(). A full
// queue holds it up, so that further clients wait in the kernel's backlog instead of in our memory.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "api/http_library.h"

namespace syncline {

class WorkerPool final : public httplib::TaskQueue {
 public:
  WorkerPool(size_t threads, size_t waiting_max);
  ~WorkerPool() override;

  void enqueue(std::function<void()> task) override;
  // Runs what is waiting, then joins the threads. Idempotent.
  void shutdown() override;

 private:
  void work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable task_came_;
  std::condition_variable task_taken_;
  std::deque<std::function<void()>> waiting_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace syncline

// ConnectionLoop: one thread that reads and writes all connections, so that a client which sends or
// reads slowly holds a socket and its bytes, but no worker. A complete request goes to the workers;
// what needs nobody's help is answered by the loop itself, and what only looks at memory by a
// thread that never waits for a database or a cluster.
//
// Bounded: connections, bytes of requests and answers, requests that wait, time for each step.
// Where a bound is met, the connection that has been at its step for longest is closed: a client
// that means it is done within milliseconds. Workers wait while many bytes of answers lie ready and
// this thread has not taken them.
//
// Owner: ApiServer. run() is its thread; stop() may be called by any. In the flow: client →
// ConnectionLoop → RequestHandler.
#pragma once

#include <poll.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/connection.h"
#include "api/request_handler.h"
#include "api/worker_pool.h"
#include "base/stop_signal.h"

namespace syncline::api {

class ConnectionLoop {
 public:
  // Owns the listening socket.
  ConnectionLoop(int listening_socket, RequestHandler handler, const ConnectionLimits& limits);
  ~ConnectionLoop();
  ConnectionLoop(const ConnectionLoop&) = delete;
  ConnectionLoop& operator=(const ConnectionLoop&) = delete;

  // Until stop(): then cuts off who is still sending, and ends what is being answered.
  void run();
  void stop() { stop_.raise(); }

 private:
  using Time = Connection::Time;

  void wait();
  void accept_clients(Time now);
  void serve(Time now);
  void read(Connection& connection, Time now);
  void judge(Connection& connection, Time now);
  void hand_on(Connection& connection, Effort effort, Time now);
  void take_answers(Time now);
  void keep_bounds(Time now);
  size_t bytes_held() const;
  void forget_closed();
  bool close_oldest();
  void end_workers();
  void finish();

  WorkerPool& pool_of(Effort effort);
  // By a worker.
  void answered(uint64_t number, std::string text);

  const int listening_socket_;
  const int wake_;  // an eventfd: an answer is there
  const RequestHandler handler_;
  const ConnectionLimits limits_;
  StopSignal stop_;
  bool accepting_ = true;

  std::map<uint64_t, std::unique_ptr<Connection>> connections_;  // by number: in order of arrival
  uint64_t next_number_ = 1;
  std::vector<pollfd> polled_;        // stop, wake, listening socket, then
  std::vector<Connection*> watched_;  // these

  std::mutex mutex_;
  std::condition_variable taken_;
  std::vector<std::pair<uint64_t, std::string>> answers_;  // protected by mutex_
  size_t answers_bytes_ = 0;                               // likewise
  bool finishing_ = false;                                 // likewise

  WorkerPool memory_worker_, large_worker_, workers_;  // last: they use the rest
};

}  // namespace syncline::api

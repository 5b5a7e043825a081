// Connection: one accepted socket, which never blocks: it reads one request, waits for its answer,
// writes that, and reads away for a moment what the client still sends. Closing at once would make
// the kernel throw away the answer to a client that is still sending a body that was refused.
//
// Owner and only thread: the ConnectionLoop's.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/request_reader.h"

namespace syncline::api {

struct ConnectionLimits {
  std::chrono::milliseconds read_deadline{10000};   // the whole request
  std::chrono::milliseconds write_deadline{10000};  // the whole answer
  size_t connections_max = 256;
  size_t bytes_held_max = size_t{16} << 20;  // of requests and answers, all but the largest
  size_t requests_waiting_max = 64;          // for a worker
};

class Connection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class State {
    reading,    // the request
    answering,  // somebody else works on it
    writing,    // the answer
    draining,   // the answer is written; the client has not closed yet
    closed,
  };

  // Owns the socket, which does not block.
  Connection(int socket, uint64_t number, const ConnectionLimits& limits, Time now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  State state() const { return state_; }
  int socket() const { return socket_; }
  uint64_t number() const { return number_; }  // no two of one server have the same
  Time since() const { return since_; }        // when it came to its state
  Time deadline() const { return deadline_; }
  // What poll() should wait for; nothing while it is worked on.
  short events() const;
  size_t bytes_held() const { return reader_.bytes_held() + output_.capacity(); }

  // Reads what is there. Reading: the reader's state tells how far the request is.
  void receive(Time now);
  RequestReader& reader() { return reader_; }
  // The request was handed on.
  void wait_for_answer(Time now);
  // Sends what the socket takes, the rest when it is writable.
  void start_answer(std::string answer, Time now);
  void send(Time now);
  // Bytes before the answer ("100 Continue"), if the socket takes them.
  void send_interim(std::string_view bytes) const;
  // The time is over for what it is doing.
  void close() { state_ = State::closed; }

 private:
  void enter(State state, Time now, std::chrono::milliseconds at_most);
  void drop_input();

  const int socket_;
  const uint64_t number_;
  const ConnectionLimits& limits_;
  State state_ = State::reading;
  Time since_;
  Time deadline_;
  RequestReader reader_;
  std::string output_;
  size_t sent_ = 0;
  size_t dropped_ = 0;
};

}  // namespace syncline::api

// Connection: one accepted socket, read and written with a deadline for the whole of a request, so
// that a client that sends a byte now and then holds a thread for seconds and not for ever.
//
// Owner and only thread: the worker that serves the socket.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <string>

#include "api/http_library.h"

namespace syncline {

struct ConnectionLimits {
  std::chrono::milliseconds read_deadline{3000};    // the whole request
  std::chrono::milliseconds write_deadline{10000};  // the whole answer
  size_t request_bytes_max =
      (size_t{1} << 20) + (size_t{128} << 10);  // 1 MiB of body, the rest for headers and chunks
};

class Connection final : public httplib::Stream {
 public:
  // Owns the socket. Reading ends early once `stopping` says so.
  Connection(socket_t socket, const ConnectionLimits& limits, std::function<bool()> stopping);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // After the answer: says that nothing more comes, and reads away for a moment what the client
  // still sends. Closing at once would make the kernel throw away the answer to a client that is
  // still sending a body that was refused.
  void finish();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* bytes, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  bool wait_for(short events, Deadline deadline) const;

  socket_t socket_;
  ConnectionLimits limits_;
  std::function<bool()> stopping_;
  Deadline read_deadline_;
  size_t bytes_read_ = 0;
  std::array<char, 8192> buffer_;
  size_t buffer_at_ = 0;
  size_t buffer_end_ = 0;
};

}  // namespace syncline

#include "api/connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace syncline {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kStopLookMax{100};  // how late a worker sees that the server stops
constexpr milliseconds kLingerMax{500};
constexpr size_t kLingerBytesMax = size_t{8} << 20;

void name_of(const sockaddr_storage& address, socklen_t length, std::string& ip, int& port) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  if (::getnameinfo(plain, length, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    ip = host.data();
    port = std::atoi(service.data());
  }
}

}  // namespace

Connection::Connection(socket_t socket, const ConnectionLimits& limits,
                       std::function<bool()> stopping)
    : socket_(socket),
      limits_(limits),
      stopping_(std::move(stopping)),
      read_deadline_(steady_clock::now() + limits.read_deadline) {}

Connection::~Connection() {
  ::close(socket_);
}

bool Connection::wait_for(short events, Deadline deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{socket_, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min(left, kStopLookMax).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if ((events & POLLIN) != 0 && stopping_()) return false;
  }
}

bool Connection::is_readable() const {
  return buffer_at_ < buffer_end_ || wait_for(POLLIN, read_deadline_);
}

bool Connection::is_writable() const {
  return wait_for(POLLOUT, steady_clock::now() + limits_.write_deadline);
}

ssize_t Connection::read(char* bytes, size_t size) {
  if (buffer_at_ == buffer_end_) {
    if (bytes_read_ >= limits_.request_bytes_max) return -1;
    if (!wait_for(POLLIN, read_deadline_)) return -1;
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) return got;
    bytes_read_ += static_cast<size_t>(got);
    buffer_at_ = 0;
    buffer_end_ = static_cast<size_t>(got);
  }
  const size_t given = std::min(size, buffer_end_ - buffer_at_);
  std::memcpy(bytes, buffer_.data() + buffer_at_, given);
  buffer_at_ += given;
  return static_cast<ssize_t>(given);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  const Deadline deadline = steady_clock::now() + limits_.write_deadline;
  size_t sent = 0;
  while (sent < size) {
    const ssize_t now = ::send(socket_, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now > 0) {
      sent += static_cast<size_t>(now);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (stopping_() || !wait_for(POLLOUT, deadline)) return -1;
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return static_cast<ssize_t>(sent);
}

void Connection::finish() {
  if (::shutdown(socket_, SHUT_WR) != 0) return;
  const Deadline deadline = steady_clock::now() + kLingerMax;
  for (size_t dropped = 0; dropped < kLingerBytesMax;) {
    if (!wait_for(POLLIN, deadline)) return;
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    dropped += static_cast<size_t>(got);
  }
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::getpeername(socket_, plain, &length) == 0) name_of(address, length, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket_, plain, &length) == 0) name_of(address, length, ip, port);
}

}  // namespace syncline

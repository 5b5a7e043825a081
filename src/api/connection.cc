#include "api/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "api/answer.h"

namespace syncline::api {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDrainMax{500};
constexpr size_t kDrainBytesMax = size_t{8} << 20;
constexpr size_t kReadAtOnceBytesMax = size_t{64} << 10;
constexpr milliseconds kForEver = std::chrono::hours(24);

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Connection::Connection(int socket, uint64_t number, const ConnectionLimits& limits, Time now)
    : socket_(socket),
      number_(number),
      limits_(limits),
      since_(now),
      deadline_(now + limits.read_deadline) {}

Connection::~Connection() {
  ::close(socket_);
}

short Connection::events() const {
  switch (state_) {
    case State::reading:
    case State::draining:
      return POLLIN;
    case State::writing:
      return POLLOUT;
    case State::answering:
    case State::closed:
      break;
  }
  return 0;
}

void Connection::enter(State state, Time now, milliseconds at_most) {
  state_ = state;
  since_ = now;
  deadline_ = now + at_most;
}

void Connection::receive(Time now) {
  if (state_ == State::draining) return drop_input();
  std::array<char, kReadAtOnceBytesMax> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && would_block()) return;
  if (got > 0) {
    reader_.take({buffer.data(), static_cast<size_t>(got)});
  } else if (got == 0 && reader_.began()) {
    // The client sends no more, but may still want to know.
    start_answer(http_text(answer_http_error(400), true), now);
  } else {
    close();
  }
}

void Connection::drop_input() {
  std::array<char, kReadAtOnceBytesMax> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && would_block()) return;
  if (got > 0) dropped_ += static_cast<size_t>(got);
  if (got <= 0 || dropped_ > kDrainBytesMax) close();
}

void Connection::wait_for_answer(Time now) {
  enter(State::answering, now, kForEver);
}

void Connection::start_answer(std::string answer, Time now) {
  output_ = std::move(answer);
  reader_ = RequestReader();
  enter(State::writing, now, limits_.write_deadline);
  send(now);
}

void Connection::send(Time now) {
  while (sent_ < output_.size()) {
    const ssize_t more = ::send(socket_, output_.data() + sent_, output_.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (more <= 0) {
      if (!would_block()) close();
      return;
    }
    sent_ += static_cast<size_t>(more);
  }
  output_ = std::string();  // its memory, too
  enter(State::draining, now, kDrainMax);
  if (::shutdown(socket_, SHUT_WR) != 0) close();
}

void Connection::send_interim(std::string_view bytes) const {
  // A full buffer: the client goes on without.
  [[maybe_unused]] const ssize_t sent =
      ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace syncline::api

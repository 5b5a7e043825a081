#include "api/connection_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include "base/log.h"

namespace syncline::api {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kWorkers = 8;
constexpr size_t kPolledFirst = 3;
constexpr milliseconds kPollMax{1000};
constexpr milliseconds kAcceptPause{100};  // when the process has no descriptor left
constexpr milliseconds kLastAnswersMax{500};
constexpr size_t kAnswersBytesMax = size_t{4} << 20;  // ready to be taken, all but the last
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool may_be_closed(const Connection& connection) {
  return connection.state() != Connection::State::answering &&
         connection.state() != Connection::State::closed;
}

std::string answer_text(const RequestHandler& handler, const IncomingRequest& request) {
  const bool with_body = request.method != "HEAD";
  try {
    return http_text(handler.answer(request), with_body);
  } catch (const std::exception& e) {
    spdlog::error("a request failed: {}", e.what());
  }
  return http_text(answer_http_error(500), with_body);
}

}  // namespace

ConnectionLoop::ConnectionLoop(int listening_socket, RequestHandler handler,
                               const ConnectionLimits& limits)
    : listening_socket_(listening_socket),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      handler_(std::move(handler)),
      limits_(limits),
      memory_worker_(1, limits.requests_waiting_max),
      large_worker_(1, limits.requests_waiting_max),
      workers_(kWorkers, limits.requests_waiting_max) {}

ConnectionLoop::~ConnectionLoop() {
  end_workers();
  ::close(wake_);
  ::close(listening_socket_);
}

void ConnectionLoop::run() {
  while (!stop_.raised()) {
    wait();
    const Time now = steady_clock::now();
    take_answers(now);
    serve(now);
    accept_clients(now);
    keep_bounds(now);
  }
  finish();
}

void ConnectionLoop::wait() {
  const Time now = steady_clock::now();
  Time next = now + (accepting_ ? kPollMax : kAcceptPause);
  polled_ = {{stop_.fd(), POLLIN, 0},
             {wake_, POLLIN, 0},
             {accepting_ ? listening_socket_ : -1, POLLIN, 0}};
  watched_.clear();
  for (const auto& [number, connection] : connections_) {
    if (connection->events() == 0) continue;
    polled_.push_back({connection->socket(), connection->events(), 0});
    watched_.push_back(connection.get());
    next = std::min(next, connection->deadline());
  }
  accepting_ = true;
  const auto left = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - now));
  if (::poll(polled_.data(), polled_.size(), static_cast<int>(left.count())) > 0) return;
  for (pollfd& one : polled_) one.revents = 0;
}

void ConnectionLoop::accept_clients(Time now) {
  if (polled_[2].revents == 0) return;
  for (size_t i = 0; i < limits_.connections_max; ++i) {
    if (connections_.size() >= limits_.connections_max && !close_oldest()) return;
    const int socket = ::accept4(listening_socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      const int yes = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
      const uint64_t number = next_number_++;
      connections_.emplace(number, std::make_unique<Connection>(socket, number, limits_, now));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      accepting_ = close_oldest();
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }  // else: that client has gone, and the next one may be there
  }
}

void ConnectionLoop::serve(Time now) {
  for (size_t i = 0; i < watched_.size(); ++i) {
    if (polled_[kPolledFirst + i].revents == 0) continue;
    Connection& connection = *watched_[i];
    if (connection.state() == Connection::State::writing) {
      connection.send(now);
    } else {
      connection.receive(now);
      if (connection.state() == Connection::State::reading) read(connection, now);
    }
  }
  forget_closed();
}

// What the reader's new bytes lead to.
void ConnectionLoop::read(Connection& connection, Time now) {
  if (connection.reader().state() == RequestReader::State::headed) judge(connection, now);
  if (connection.state() != Connection::State::reading) return;
  const RequestReader& reader = connection.reader();
  if (reader.state() == RequestReader::State::refused) {
    connection.start_answer(http_text(answer_http_error(reader.refusal()), true), now);
  } else if (reader.state() == RequestReader::State::done) {
    hand_on(connection, Effort::command, now);
  }
}

void ConnectionLoop::judge(Connection& connection, Time now) {
  RequestReader& reader = connection.reader();
  const IncomingRequest& request = reader.request();
  const RequestHandler::Verdict verdict = handler_.judge(request);
  if (verdict.refusal) {
    const bool with_body = request.method != "HEAD";
    connection.start_answer(http_text(*verdict.refusal, with_body), now);
  } else if (!verdict.body) {
    hand_on(connection, verdict.effort, now);
  } else {
    const bool waits = equals_ignoring_case(request.header("Expect"), "100-continue");
    if (reader.read_body(*verdict.body) == RequestReader::State::body && waits)
      connection.send_interim(kContinue);
  }
}

void ConnectionLoop::hand_on(Connection& connection, Effort effort, Time now) {
  RequestReader& reader = connection.reader();
  if (effort == Effort::none)
    return connection.start_answer(answer_text(handler_, reader.request()), now);
  const auto request = std::make_shared<const IncomingRequest>(reader.take_request());
  connection.wait_for_answer(now);
  const bool taken = pool_of(effort).try_add([this, request, number = connection.number()] {
    answered(number, answer_text(handler_, *request));
  });
  if (!taken)
    connection.start_answer(http_text(answer_http_error(503), request->method != "HEAD"), now);
}

WorkerPool& ConnectionLoop::pool_of(Effort effort) {
  if (effort == Effort::memory) return memory_worker_;
  return effort == Effort::large ? large_worker_ : workers_;
}

void ConnectionLoop::answered(uint64_t number, std::string text) {
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [&] { return answers_bytes_ <= kAnswersBytesMax || finishing_; });
    answers_bytes_ += text.size();
    answers_.emplace_back(number, std::move(text));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void ConnectionLoop::take_answers(Time now) {
  uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count);
  std::vector<std::pair<uint64_t, std::string>> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
    answers_bytes_ = 0;
  }
  taken_.notify_all();
  for (auto& [number, text] : answers) connections_.at(number)->start_answer(std::move(text), now);
}

void ConnectionLoop::keep_bounds(Time now) {
  for (auto& [number, connection] : connections_) {
    if (may_be_closed(*connection) && now >= connection->deadline()) {
      // A client that sent a part may still read why.
      if (connection->state() == Connection::State::reading && connection->reader().began()) {
        connection->start_answer(http_text(answer_http_error(400), true), now);
      } else {
        connection->close();
      }
    }
  }
  forget_closed();
  while (bytes_held() > limits_.bytes_held_max && close_oldest()) {
  }
}

// The largest one aside: an answer must reach its client, however large it is.
size_t ConnectionLoop::bytes_held() const {
  size_t held = 0;
  size_t largest = 0;
  for (const auto& [number, connection] : connections_) {
    held += connection->bytes_held();
    largest = std::max(largest, connection->bytes_held());
  }
  return held - largest;
}

void ConnectionLoop::forget_closed() {
  std::erase_if(connections_,
                [](const auto& one) { return one.second->state() == Connection::State::closed; });
}

// False: all are being answered.
bool ConnectionLoop::close_oldest() {
  auto oldest = connections_.end();
  for (auto one = connections_.begin(); one != connections_.end(); ++one) {
    if (!may_be_closed(*one->second)) continue;
    if (oldest == connections_.end() || one->second->since() < oldest->second->since())
      oldest = one;
  }
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  return true;
}

void ConnectionLoop::end_workers() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  taken_.notify_all();
  memory_worker_.shutdown();
  large_worker_.shutdown();
  workers_.shutdown();
}

void ConnectionLoop::finish() {
  std::erase_if(connections_,
                [](const auto& one) { return one.second->state() == Connection::State::reading; });
  end_workers();
  const Time deadline = steady_clock::now() + kLastAnswersMax;
  take_answers(steady_clock::now());
  const auto writing = [](const auto& one) {
    return one.second->state() == Connection::State::writing;
  };
  while (std::any_of(connections_.begin(), connections_.end(), writing) &&
         steady_clock::now() < deadline) {
    std::erase_if(connections_, [&](const auto& one) { return !writing(one); });
    std::vector<pollfd> polled;
    for (const auto& [number, connection] : connections_)
      polled.push_back({connection->socket(), POLLOUT, 0});
    ::poll(polled.data(), polled.size(), static_cast<int>(kLastAnswersMax.count()));
    for (auto& [number, connection] : connections_) connection->send(steady_clock::now());
  }
  connections_.clear();
}

}  // namespace syncline::api

#include "http/http_loop.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>

namespace syncline::http {

namespace {

using std::chrono::steady_clock;

constexpr Duration kPollMax = std::chrono::seconds(60);

// curl leaves SIGPIPE to the program when CURLOPT_NOSIGNAL is set, and OpenSSL writes without
// MSG_NOSIGNAL.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

HttpClient::Loop::Loop(const TargetSpec& target, int connections_max, AwsCredentials credentials)
    : options_(target, std::move(credentials)),
      connections_max_(static_cast<size_t>(std::max(connections_max, 1))) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  const auto connections = static_cast<long>(connections_max_);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  thread_ = std::thread([this] { run(); });
}

HttpClient::Loop::~Loop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  idle_easies_.clear();
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

void HttpClient::Loop::send(HttpRequest request, HttpTransfer::Callback callback) {
  auto transfer = std::make_unique<HttpTransfer>(std::move(request), std::move(callback));
  {
    const std::lock_guard lock(mutex_);
    mailbox_.transfers.push_back(std::move(transfer));
  }
  wake();
}

void HttpClient::Loop::after(Duration delay, std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    mailbox_.timers.emplace_back(steady_clock::now() + delay, std::move(callback));
  }
  wake();
}

void HttpClient::Loop::cancel_all() {
  cancelled_ = true;
  curl_multi_wakeup(multi_);
}

void HttpClient::Loop::wake() {
  if (is_loop_thread()) {
    mail_due_ = true;
  } else {
    curl_multi_wakeup(multi_);
  }
}

void HttpClient::Loop::run() {
  block_sigpipe();
  while (take_mail()) {
    if (cancelled_) {
      cancel_everything();
      poll();
      continue;
    }
    start_waiting();
    int running = 0;
    curl_multi_perform(multi_, &running);
    finish_transfers();
    expire_waiting();
    run_due_timers();
    poll();
  }
  cancel_everything();
}

bool HttpClient::Loop::take_mail() {
  Mailbox mail;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    std::swap(mail, mailbox_);
    stopping = stopping_;
  }
  mail_due_ = false;
  for (auto& transfer : mail.transfers) waiting_.push_back(std::move(transfer));
  for (auto& timer : mail.timers) timers_.insert(std::move(timer));
  return !stopping;
}

void HttpClient::Loop::start_waiting() {
  while (!waiting_.empty() && running_.size() < connections_max_) {
    auto transfer = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(transfer));
  }
  while (waiting_.size() > kRequestsWaitingMax) {
    auto transfer = std::move(waiting_.back());
    waiting_.pop_back();
    transfer->fail("too many requests are waiting for a connection");
    transfer->call_back();
  }
}

void HttpClient::Loop::start(std::unique_ptr<HttpTransfer> transfer) {
  CurlEasy easy;
  if (options_.refusal().empty() && !idle_easies_.empty()) {
    easy = std::move(idle_easies_.back());
    idle_easies_.pop_back();
  } else if (options_.refusal().empty()) {
    easy = options_.make_easy();
  }
  if (easy == nullptr) {
    transfer->fail(options_.refusal().empty() ? "out of memory" : options_.refusal());
    transfer->call_back();
    return;
  }
  CURL* handle = easy.get();
  transfer->start(options_, std::move(easy));
  curl_multi_add_handle(multi_, handle);
  running_.emplace(handle, std::move(transfer));
}

void HttpClient::Loop::finish_transfers() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* handle = message->easy_handle;
    const CURLcode result = message->data.result;  // the message dies with remove_handle
    curl_multi_remove_handle(multi_, handle);
    const auto found = running_.find(handle);
    auto transfer = std::move(found->second);
    running_.erase(found);
    transfer->finish(result);
    idle_easies_.push_back(transfer->take_easy());
    transfer->call_back();
  }
}

void HttpClient::Loop::expire_waiting() {
  if (waiting_.empty()) return;
  const TimePoint now = steady_clock::now();
  std::deque<std::unique_ptr<HttpTransfer>> still_waiting;
  for (auto& transfer : std::exchange(waiting_, {})) {
    if (transfer->give_up_at() > now) {
      still_waiting.push_back(std::move(transfer));
    } else {
      transfer->fail("no connection became free in time");
      transfer->call_back();
    }
  }
  waiting_ = std::move(still_waiting);
}

void HttpClient::Loop::run_due_timers() {
  const TimePoint now = steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const auto callback = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    callback();
  }
}

void HttpClient::Loop::poll() {
  const bool startable = !waiting_.empty() && running_.size() < connections_max_;
  if (mail_due_ || startable) return;
  TimePoint until = steady_clock::now() + kPollMax;
  if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
  for (const auto& transfer : waiting_) until = std::min(until, transfer->give_up_at());
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
  if (wait > 0) curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait), nullptr);
}

void HttpClient::Loop::cancel_everything() {
  constexpr auto kWhy = "the client is being stopped";
  do {
    for (auto& [handle, transfer] : std::exchange(running_, {})) {
      curl_multi_remove_handle(multi_, handle);
      transfer->fail(kWhy);
      transfer->call_back();
    }
    for (auto& transfer : std::exchange(waiting_, {})) {
      transfer->fail(kWhy);
      transfer->call_back();
    }
    for (auto& timer : std::exchange(timers_, {})) timer.second();
    take_mail();
  } while (!waiting_.empty() || !timers_.empty());
}

}  // namespace syncline::http

// HttpClient::Loop: the thread behind an HttpClient: libcurl's multi interface, waiting requests,
// timers.
//
// Owner: HttpClient. send() and after() from any thread: they put their work into a mailbox and
// wake the thread; all the rest is touched by that thread alone.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/http_client.h"
#include "http/http_transfer.h"

namespace syncline::http {

class HttpClient::Loop {
 public:
  Loop(const TargetSpec& target, int connections_max, AwsCredentials credentials);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void send(HttpRequest request, HttpTransfer::Callback callback);
  void after(Duration delay, std::function<void()> callback);
  void cancel_all();
  const SecretMask& secrets() const { return options_.secrets(); }
  bool is_loop_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  using Timer = std::pair<TimePoint, std::function<void()>>;
  struct Mailbox {
    std::vector<std::unique_ptr<HttpTransfer>> transfers;
    std::vector<Timer> timers;
  };

  void run();
  bool take_mail();  // false once the client is being destroyed
  void start_waiting();
  void start(std::unique_ptr<HttpTransfer> transfer);
  void finish_transfers();
  void expire_waiting();
  void run_due_timers();
  void poll();
  void cancel_everything();
  void wake();

  HttpTargetOptions options_;
  const size_t connections_max_;
  CURLM* multi_ = nullptr;

  std::atomic<bool> cancelled_{false};

  std::mutex mutex_;
  Mailbox mailbox_;        // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_

  // The thread's own.
  std::unordered_map<CURL*, std::unique_ptr<HttpTransfer>> running_;
  std::deque<std::unique_ptr<HttpTransfer>> waiting_;
  std::multimap<TimePoint, std::function<void()>> timers_;
  std::vector<CurlEasy> idle_easies_;
  bool mail_due_ = false;  // a callback of this thread put something into the mailbox

  std::thread thread_;
};

}  // namespace syncline::http

// HttpClient: requests over a bounded pool of kept-alive connections, on one libcurl multi loop
// thread.
//
// Owner: Cluster, one for each target. send(), call() and after() may be used from any thread;
// callbacks run on the loop's thread and must not block. Connections, bodies and waiting requests
// are bounded. TLS, basic auth, API key and SigV4 are added here, and secrets never reach an error
// message. Proxies named in the environment are not used.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_mask.h"
#include "http/aws_signature.h"
#include "model/spec.h"

namespace syncline::http {

constexpr size_t kResponseBytesMax = size_t{64} << 20;
constexpr size_t kRequestsWaitingMax = 1024;  // those beyond fail at once, unsent

struct HttpRequest {
  std::string method;  // GET, POST, PUT, DELETE, HEAD
  std::string path;    // beginning with '/', percent-encoded, with its query
  std::string body;
  std::string content_type;  // empty without a body
  Duration timeout =
      std::chrono::seconds(30);  // from the moment it gets a connection; the same again for waiting
  bool gzip = false;             // ask for a compressed answer: worth it for large ones
  size_t answer_bytes_max = kResponseBytesMax;
};

struct HttpResponse {
  // 0: no answer came; then `failure` says why.
  int status = 0;
  std::string body;
  std::string failure;
  // With status 0: whether the request may have reached the server (cut or timed out after sending
  // began). A POST is never sent twice by the client itself: when a kept-alive connection turns out
  // to be closed, it fails so. The other methods are then sent again on a new connection.
  bool maybe_received = false;
  bool too_large = false;  // with status 0: the answer was larger than the request allows
  // Retry-After in seconds, if the server gave it.
  int retry_after_s = 0;
  std::string request_body;  // given back, so that a body may be sent again without a copy
};

class HttpClient {
 public:
  HttpClient(const TargetSpec& target, int connections_max, AwsCredentials credentials = {});
  // Cancels what is under way and what waits (the callbacks run with status 0), runs the timers,
  // joins the thread. What those callbacks start is cancelled likewise: a callback that starts
  // something new at each failure would never end.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The callback is called exactly once.
  void send(HttpRequest request, std::function<void(HttpResponse)> callback);
  // As send(), and waits. Not from a callback.
  HttpResponse call(HttpRequest request);
  // Calls back on the loop's thread after the delay (at once when the client is being destroyed).
  // Callbacks of equal due time run in the order in which they were given.
  void after(Duration delay, std::function<void()> callback);
  // Cancels what is under way and what waits, and whatever is sent from now on, as the destructor
  // does: for a stop that must not wait for a cluster that does not answer.
  void cancel_all();
  // What must be cut out of every text of an answer that people will read: clusters and proxies may
  // repeat what they were sent. Lives as long as the client.
  const SecretMask& secrets() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace syncline::http

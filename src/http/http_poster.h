// HttpPoster: POSTs one request after the other over libcurl, and waits for each answer.
//
// Owner: SqsQueue; one thread, cancel() from any. Connections are kept alive, certificates checked,
// redirects not followed, answers and times bounded. Proxies named in the environment are not used.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"

namespace syncline::http {

struct PostRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::seconds timeout{10};
};

struct PostAnswer {
  int status = 0;
  std::string body;
};

class HttpPoster {
 public:
  HttpPoster();
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  // Any status is an answer. Error: retry (no answer came; the server may have worked on it).
  Result<PostAnswer> post(const PostRequest& request);
  void cancel() { stop_.raise(); }

 private:
  class Handles;
  std::unique_ptr<Handles> handles_;
  StopSignal stop_;
};

}  // namespace syncline::http

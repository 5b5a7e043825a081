// HttpTransfer: one request on one libcurl easy handle, and how a target's options get onto such
// handles.
//
// Owner: the HTTP loop, whose thread alone touches them. Handles are reused from request to
// request; what differs from request to request is set anew each time by start().
#pragma once

#include <curl/curl.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/http_client.h"

namespace syncline::http {

struct CurlEasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// What all requests to one target have in common.
class HttpTargetOptions {
 public:
  HttpTargetOptions(const TargetSpec& target, AwsCredentials credentials);

  // A handle with everything set that does not depend on the request. Null when memory is out.
  CurlEasy make_easy() const;
  const std::string& base_url() const { return base_url_; }
  // The headers of a request with this content type.
  CurlList headers(const std::string& content_type) const;
  // Not empty: why no request to this target can be made at all.
  const std::string& refusal() const { return refusal_; }
  const SecretMask& secrets() const { return secrets_; }

 private:
  void set_security(CURL* easy) const;

  TargetSpec target_;
  AwsCredentials credentials_;
  std::string base_url_;
  std::string refusal_;
  SecretMask secrets_;
};

class HttpTransfer {
 public:
  using Callback = std::function<void(HttpResponse)>;

  HttpTransfer(HttpRequest request, Callback callback);

  // Puts the request onto the handle, which points to this object until finish().
  void start(const HttpTargetOptions& options, CurlEasy easy);
  // Takes the answer off the handle. The transfer gives its handle back with take_easy().
  void finish(CURLcode result);
  // No answer will come.
  void fail(std::string why);
  void call_back();

  CURL* easy() const { return easy_.get(); }
  CurlEasy take_easy() { return std::move(easy_); }
  TimePoint give_up_at() const { return give_up_at_; }  // while it waits for a connection

 private:
  static size_t take_body(char* data, size_t size, size_t count, void* self);
  static int before_sending(void* self, char*, char*, int, int);
  void set_method();

  HttpRequest request_;
  Callback callback_;
  HttpResponse response_;
  TimePoint give_up_at_;
  CurlEasy easy_;
  CurlList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  int sendings_ = 0;
  bool resend_refused_ = false;
};

}  // namespace syncline::http

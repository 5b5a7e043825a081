#include "http/http_transfer.h"

#include <algorithm>
#include <utility>

#include "http/url.h"

namespace syncline::http {

namespace {

constexpr long kConnectTimeoutMs = 5000;
// Below the idle limits of the usual load balancers (60 s), so that a connection is rarely found
// closed.
constexpr long kConnectionIdleSecondsMax = 50;
constexpr long kTcpKeepaliveIdleSeconds = 30;
constexpr long kTcpKeepaliveIntervalSeconds = 10;
constexpr long kUploadBufferBytes = 256L << 10;

void append(CurlList& list, const std::string& header) {
  list.reset(curl_slist_append(list.release(), header.c_str()));
}

long timeout_ms(Duration timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return static_cast<long>(std::max<int64_t>(ms, 1));
}

}  // namespace

HttpTargetOptions::HttpTargetOptions(const TargetSpec& target, AwsCredentials credentials)
    : target_(target), credentials_(std::move(credentials)), base_url_(http::base_url(target)) {
  if (target_.aws && (credentials_.access_key_id.empty() || credentials_.secret_access_key.empty()))
    refusal_ = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set in the environment";
  secrets_.add_login(target_.username, target_.password);
  secrets_.add(target_.api_key);
  for (const std::string* secret :
       {&credentials_.access_key_id, &credentials_.secret_access_key, &credentials_.session_token})
    secrets_.add(*secret);
}

CurlEasy HttpTargetOptions::make_easy() const {
  CurlEasy owner(curl_easy_init());
  CURL* easy = owner.get();
  if (easy == nullptr) return owner;
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kTcpKeepaliveIdleSeconds);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kTcpKeepaliveIntervalSeconds);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kConnectionIdleSecondsMax);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  set_security(easy);
  return owner;
}

void HttpTargetOptions::set_security(CURL* easy) const {
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, target_.verify ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, target_.verify ? 2L : 0L);
  if (!target_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, target_.ca_file.c_str());
  if (target_.aws) {
    const std::string scope = "aws:amz:" + target_.aws->region + ":" + target_.aws->service;
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, scope.c_str());
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERNAME, credentials_.access_key_id.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, credentials_.secret_access_key.c_str());
  } else if (!target_.username.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, target_.username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, target_.password.c_str());
  }
}

CurlList HttpTargetOptions::headers(const std::string& content_type) const {
  CurlList list;
  // Else curl waits up to a second for "100 Continue" before a large body. Its own signer would
  // sign the header that is then not sent; there the wait is cut instead, in set_security().
  if (!target_.aws) append(list, "Expect:");
  if (!content_type.empty()) append(list, "Content-Type: " + content_type);
  if (!target_.api_key.empty()) append(list, "Authorization: ApiKey " + target_.api_key);
  if (target_.aws && !credentials_.session_token.empty())
    append(list, "X-Amz-Security-Token: " + credentials_.session_token);
  return list;
}

HttpTransfer::HttpTransfer(HttpRequest request, Callback callback)
    : request_(std::move(request)),
      callback_(std::move(callback)),
      give_up_at_(std::chrono::steady_clock::now() + request_.timeout) {}

void HttpTransfer::start(const HttpTargetOptions& options, CurlEasy easy) {
  easy_ = std::move(easy);
  CURL* handle = easy_.get();
  headers_ = options.headers(request_.content_type);
  curl_easy_setopt(handle, CURLOPT_URL, (options.base_url() + request_.path).c_str());
  set_method();
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, request_.gzip ? "gzip" : nullptr);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms(request_.timeout));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &HttpTransfer::before_sending);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
}

void HttpTransfer::set_method() {
  CURL* handle = easy_.get();
  const bool has_body = !request_.body.empty() || request_.method == "POST";
  // Forgets the last request's body, then its method: POSTFIELDS makes any request a POST.
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, nullptr);
  curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  if (request_.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request_.body.data());
  }
  const bool plain = request_.method == "HEAD" || request_.method == (has_body ? "POST" : "GET");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, plain ? nullptr : request_.method.c_str());
}

size_t HttpTransfer::take_body(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  const size_t bytes = size * count;
  if (transfer->response_.body.size() + bytes > transfer->request_.answer_bytes_max) {
    transfer->response_.too_large = true;
    return 0;
  }
  transfer->response_.body.append(data, bytes);
  return bytes;
}

// Runs when a connection stands and the request is about to go out: once, and again when curl found
// a reused connection closed and means to send everything a second time. The server may have worked
// on the first sending, and may still be at it, so that is for idempotent methods only.
int HttpTransfer::before_sending(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  if (++transfer->sendings_ > 1 && transfer->request_.method == "POST") {
    transfer->resend_refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

void HttpTransfer::finish(CURLcode result) {
  // The handle outlives this object.
  curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
  if (result == CURLE_OK) {
    long status = 0;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after_s);
    response_.status = static_cast<int>(status);
    response_.retry_after_s = static_cast<int>(std::min<curl_off_t>(retry_after_s, 3600));
    return;
  }
  if (response_.too_large)
    return fail("the answer is larger than " + std::to_string(request_.answer_bytes_max >> 20) +
                " MiB");
  if (resend_refused_) return fail("the connection was closed before the answer came");
  std::string why = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(result);
  if (result == CURLE_PEER_FAILED_VERIFICATION)
    why += " (api.ca_file names the authority to trust; api.verify false trusts anybody)";
  fail(std::move(why));
}

void HttpTransfer::fail(std::string why) {
  response_.status = 0;
  response_.body.clear();
  response_.failure = std::move(why);
  response_.maybe_received = sendings_ > 0;
}

void HttpTransfer::call_back() {
  response_.request_body = std::move(request_.body);
  const Callback callback = std::move(callback_);
  callback(std::move(response_));
}

}  // namespace syncline::http

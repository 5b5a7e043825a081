#include "http/http_client.h"

#include <cassert>
#include <future>
#include <utility>

#include "http/http_loop.h"

namespace syncline::http {

HttpClient::HttpClient(const TargetSpec& target, int connections_max, AwsCredentials credentials)
    : loop_(std::make_unique<Loop>(target, connections_max, std::move(credentials))) {}

HttpClient::~HttpClient() = default;

void HttpClient::send(HttpRequest request, std::function<void(HttpResponse)> callback) {
  loop_->send(std::move(request), std::move(callback));
}

HttpResponse HttpClient::call(HttpRequest request) {
  assert(!loop_->is_loop_thread());
  std::promise<HttpResponse> answered;
  std::future<HttpResponse> answer = answered.get_future();
  loop_->send(std::move(request),
              [&answered](HttpResponse response) { answered.set_value(std::move(response)); });
  return answer.get();
}

void HttpClient::after(Duration delay, std::function<void()> callback) {
  loop_->after(delay, std::move(callback));
}

void HttpClient::cancel_all() {
  loop_->cancel_all();
}

const SecretMask& HttpClient::secrets() const {
  return loop_->secrets();
}

}  // namespace syncline::http

// FakeServer: an HTTP/1.1 server on a loopback port for tests, which can misbehave as no real one
// will on demand.
//
// Owner: a test. One thread accepts, one more serves each connection; the handler runs on those
// threads, one call at a time. Everything ends with the destructor.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "model/spec.h"

namespace syncline::http {

struct FakeRequest {
  std::string method, path, body;
  std::map<std::string, std::string> headers;  // names in lower case
  int connection = 0;                          // counted from 1
  int nth_on_connection = 0;                   // counted from 1
};

struct FakeReply {
  enum class Fault {
    none,
    close_unanswered,   // the connection is closed instead of an answer
    close_half_answer,  // … in the middle of the answer's body
    silence,            // nothing comes at all, until the server ends
  };
  int status = 200;
  std::string body = "{}";
  std::map<std::string, std::string> headers;
  Fault fault = Fault::none;
};

class FakeServer {
 public:
  using Handler = std::function<FakeReply(const FakeRequest&)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &length) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~FakeServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ::shutdown(listener_, SHUT_RDWR);
      for (int connection : open_) ::shutdown(connection, SHUT_RDWR);
    }
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  int port() const { return port_; }
  int connections() const { return connections_; }

  TargetSpec target() const {
    TargetSpec spec;
    spec.name = "fake";
    spec.url = "http://127.0.0.1";
    spec.port = port_;
    return spec;
  }

  std::vector<FakeRequest> requests() {
    const std::lock_guard lock(handler_mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (connection < 0 || stopping_) {
        if (connection >= 0) ::close(connection);
        return;
      }
      open_.insert(connection);
      const int number = ++connections_;
      threads_.emplace_back([this, connection, number] {
        serve(connection, number);
        const std::lock_guard closing(mutex_);
        open_.erase(connection);
        ::close(connection);
      });
    }
  }

  void serve(int connection, int number) {
    std::string buffer;
    for (int nth = 1;; ++nth) {
      FakeRequest request;
      request.connection = number;
      request.nth_on_connection = nth;
      if (!read_request(connection, buffer, request)) return;
      const FakeReply reply = handle(request);
      if (reply.fault == FakeReply::Fault::close_unanswered) return;
      if (reply.fault == FakeReply::Fault::silence) {
        read_more(connection, buffer);
        return;
      }
      const std::string answer = render(reply, request.method == "HEAD");
      const bool half = reply.fault == FakeReply::Fault::close_half_answer;
      write_all(connection,
                half ? answer.substr(0, answer.size() - reply.body.size() / 2) : answer);
      if (half) return;
    }
  }

  FakeReply handle(const FakeRequest& request) {
    const std::lock_guard lock(handler_mutex_);
    requests_.push_back(request);
    return handler_(request);
  }

  static bool read_more(int connection, std::string& buffer) {
    char chunk[65536];
    const ssize_t got = ::recv(connection, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<size_t>(got));
    return true;
  }

  static bool read_request(int connection, std::string& buffer, FakeRequest& request) {
    size_t head_end;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!read_more(connection, buffer)) return false;
    parse_head(buffer.substr(0, head_end + 2), request);
    buffer.erase(0, head_end + 4);
    const auto length = request.headers.find("content-length");
    const size_t bytes = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (buffer.size() < bytes)
      if (!read_more(connection, buffer)) return false;
    request.body = buffer.substr(0, bytes);
    buffer.erase(0, bytes);
    return true;
  }

  static void parse_head(const std::string& head, FakeRequest& request) {
    const size_t line_end = head.find("\r\n");
    const size_t blank = head.find(' ');
    request.method = head.substr(0, blank);
    request.path = head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1);
    for (size_t begin = line_end + 2; begin < head.size();) {
      const size_t end = head.find("\r\n", begin);
      const size_t colon = head.find(':', begin);
      std::string name = head.substr(begin, colon - begin);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const size_t value = head.find_first_not_of(' ', colon + 1);
      request.headers[name] = head.substr(value, end - value);
      begin = end + 2;
    }
  }

  static std::string render(const FakeReply& reply, bool head_only) {
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Fake\r\n";
    text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
    text += "\r\n";
    return head_only ? text : text + reply.body;
  }

  static void write_all(int connection, const std::string& text) {
    for (size_t done = 0; done < text.size();) {
      const ssize_t sent = ::send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += static_cast<size_t>(sent);
    }
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex handler_mutex_;
  std::vector<FakeRequest> requests_;  // guarded by handler_mutex_
  std::mutex mutex_;
  bool stopping_ = false;           // guarded by mutex_
  std::set<int> open_;              // guarded by mutex_
  std::list<std::thread> threads_;  // guarded by mutex_ until the acceptor has ended
  std::thread acceptor_;
};

}  // namespace syncline::http

#include "api/api_server.h"

#include <sys/socket.h>

#include <exception>
#include <utility>

#include "api/request_handler.h"
#include "api/routes.h"
#include "api/worker_pool.h"
#include "base/log.h"

namespace syncline {

namespace {

constexpr size_t kThreads = 8;
constexpr size_t kWaitingConnectionsMax = 256;
constexpr int kBacklog = 128;

void write_answer(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name, value);
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_content(json_text(answer.body), "application/json");
}

std::string printed_address(const std::string& listen, int port) {
  const bool ipv6 = listen.find(':') != std::string::npos;
  return "http://" + (ipv6 ? "[" + listen + "]" : listen) + ":" + std::to_string(port);
}

}  // namespace

// cpp-httplib's server with our sockets: it reads a request and writes the answer, all else is
// decided here.
class ApiServer::HttpServer final : public httplib::Server {
 public:
  HttpServer(RequestHandler handler, const ConnectionLimits& limits)
      : handler_(std::move(handler)), limits_(limits) {
    new_task_queue = [this] {
      listening_.set_value();
      return new WorkerPool(kThreads, kWaitingConnectionsMax);
    };
    // The library's own options would let a second server take the same port.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return answer_early(request, response);
    });
    const HandlerWithContentReader read = [this](const httplib::Request& request,
                                                 httplib::Response& response,
                                                 const httplib::ContentReader& reader) {
      answer_with_body(request, response, reader);
    };
    Post(".*", read);
    Put(".*", read);
    set_error_handler(Handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) write_answer(answer_http_error(response.status), response);
    }));
    set_exception_handler(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): the library's signature
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
          spdlog::error("a request failed inside the HTTP library");
          write_answer(answer_http_error(500), response);
        });
  }

  // The library's own backlog of 5 makes the sixth of some clients at once wait a second for its
  // next try.
  void widen_backlog() const { ::listen(svr_sock_, kBacklog); }

  // Ready once the server takes connections.
  std::future<void> listening() { return listening_.get_future(); }

 private:
  HandlerResponse answer_early(const httplib::Request& request, httplib::Response& response) {
    const auto answer = handler_.without_body(request);
    if (!answer) return HandlerResponse::Unhandled;
    write_answer(*answer, response);
    return HandlerResponse::Handled;
  }

  void answer_with_body(const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& reader) {
    std::string body;
    bool too_large = false;
    const bool complete = reader([&](const char* bytes, size_t size) {
      too_large = body.size() + size > kBodyBytesMax;
      if (!too_large) body.append(bytes, size);
      return !too_large;
    });
    if (complete) {
      write_answer(handler_.with_body(request, body), response);
    } else {
      write_answer(answer_http_error(too_large ? 413 : 400), response);
    }
  }

  // One request a connection: what is left unread of a refused one can then never be taken for the
  // next.
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, limits_, [this] { return svr_sock_ == INVALID_SOCKET; });
    if (svr_sock_ == INVALID_SOCKET) return false;
    bool closed = false;
    // Ranges are for files; a part of an answer of ours is of no use.
    const bool served = process_request(connection, true, closed,
                                        [](httplib::Request& request) { request.ranges.clear(); });
    connection.finish();
    return served;
  }

  RequestHandler handler_;
  ConnectionLimits limits_;
  std::promise<void> listening_;
};

ApiServer::ApiServer(JobService& service, ApiOptions options)
    : service_(service), options_(std::move(options)) {}

ApiServer::~ApiServer() {
  stop();
}

Status ApiServer::bind() {
  if (options_.token.empty() && !is_loopback_name(options_.listen)) {
    return Error::pause_job("listening on " + options_.listen +
                            " needs an API token: set SYNCLINE_API_TOKEN");
  }
  server_ = std::make_unique<HttpServer>(
      RequestHandler(make_routes(service_), Guard(options_.token)), options_.limits);
  if (options_.port == 0) {
    port_ = server_->bind_to_any_port(options_.listen);
  } else {
    port_ = server_->bind_to_port(options_.listen, options_.port) ? options_.port : -1;
  }
  if (port_ > 0) {
    server_->widen_backlog();
    return {};
  }
  return Error::pause_job("cannot listen on " + printed_address(options_.listen, options_.port) +
                          ": the port is taken, or the address is not this machine's");
}

void ApiServer::start() {
  std::future<void> listening = server_->listening();
  listener_ = std::thread([this] { server_->listen_after_bind(); });
  // stop() is of no effect on a server that is only about to listen.
  listening.wait();
  spdlog::info("listening on {}", printed_address(options_.listen, port_));
}

void ApiServer::stop() {
  if (!listener_.joinable()) return;
  server_->stop();
  listener_.join();
}

}  // namespace syncline

#include "api/api_server.h"

#include <utility>

#include "api/listening_socket.h"
#include "api/request_handler.h"
#include "api/routes.h"
#include "base/log.h"

namespace syncline::api {

namespace {

std::string printed_address(const std::string& listen, int port) {
  const bool ipv6 = listen.find(':') != std::string::npos;
  return "http://" + (ipv6 ? "[" + listen + "]" : listen) + ":" + std::to_string(port);
}

}  // namespace

ApiServer::ApiServer(control::JobService& service, ApiOptions options)
    : service_(service), options_(std::move(options)) {}

ApiServer::~ApiServer() {
  stop();
}

Status ApiServer::bind() {
  if (options_.token.empty() && !is_loopback_name(options_.listen)) {
    return Error::needs_person("listening on " + options_.listen +
                               " needs an API token: set SYNCLINE_API_TOKEN");
  }
  const ListeningSocket socket = listen_on(options_.listen, options_.port);
  if (socket.descriptor < 0) {
    return Error::needs_person("cannot listen on " +
                               printed_address(options_.listen, options_.port) +
                               ": the port is taken, or the address is not this machine's");
  }
  port_ = socket.port;
  loop_ = std::make_unique<ConnectionLoop>(
      socket.descriptor, RequestHandler(make_routes(service_), Guard(options_.token)),
      options_.limits);
  return {};
}

void ApiServer::start() {
  thread_ = std::thread([this] { loop_->run(); });
  spdlog::info("listening on {}", printed_address(options_.listen, port_));
}

void ApiServer::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
  loop_.reset();  // no client is kept waiting by a socket that still listens
}

}  // namespace syncline::api

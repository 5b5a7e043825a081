// ApiServer: the REST API on a socket.
//
// Owner: main, which calls bind(), start() and stop() from one thread. In the flow: client →
// ConnectionLoop → Guard → Router → JobService.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "api/connection.h"
#include "api/connection_loop.h"
#include "base/result.h"
#include "control/job_service.h"

namespace syncline::api {

struct ApiOptions {
  std::string listen = "127.0.0.1";
  int port = 5461;    // 0: any free one
  std::string token;  // empty: none is asked for, and only loopback is served
  ConnectionLimits limits;
};

class ApiServer {
 public:
  // The service must outlive the server.
  ApiServer(control::JobService& service, ApiOptions options);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Takes the address; requests wait until start(). Error: needs_person (port taken, not loopback
  // and no token).
  Status bind();
  // The bound port. Precondition: bind() succeeded.
  int port() const { return port_; }
  void start();
  // Ends the listening, cuts off who is still sending, and waits for the requests that are being
  // answered. Idempotent.
  void stop();

 private:
  control::JobService& service_;
  ApiOptions options_;
  int port_ = 0;
  std::unique_ptr<ConnectionLoop> loop_;
  std::thread thread_;
};

}  // namespace syncline::api

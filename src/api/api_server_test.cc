#include "api/api_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <sstream>
#include <vector>

#include "control/test_support.h"

namespace syncline::api {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

// A client's socket on the server's port, for what no HTTP client sends.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // A server that has answered already may not take all of it.
  void send(const std::string& bytes) const {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t more = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return;
      sent += static_cast<size_t>(more);
    }
  }
  std::string receive_all() const {
    std::string received;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return received;
      received.append(buffer.data(), static_cast<size_t>(got));
    }
  }
  std::string ask(const std::string& bytes) const {
    send(bytes);
    return receive_all();
  }

 private:
  int socket_;
};

class ApiServerTest : public testing::Test {
 protected:
  void start(const std::string& token = "") {
    auto opened = control::Store::open(folder_.file("state.db"));
    ASSERT_TRUE(opened.ok());
    store_ = std::move(opened).value();
    service_ = std::make_unique<control::JobService>(*store_, engine_.jobs, engine_.parked,
                                                     engine_.verifications);
    ASSERT_TRUE(service_->start().ok());
    ApiOptions options;
    options.port = 0;
    options.token = token;
    options.limits.read_deadline = std::chrono::milliseconds(300);
    server_ = std::make_unique<ApiServer>(*service_, options);
    const Status bound = server_->bind();
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    server_->start();
  }

  // Status, body and headers of an answer.
  struct Reply {
    int status = 0;
    control::Json body;
    std::string text;
    std::map<std::string, std::string> headers;
  };
  using Headers = std::map<std::string, std::string>;

  Reply ask(const std::string& method, const std::string& path, const std::string& body = "",
            Headers headers = {{"Content-Type", "application/json"}}) const {
    headers.emplace("Host", "127.0.0.1:" + std::to_string(server_->port()));
    if (!body.empty()) headers.emplace("Content-Length", std::to_string(body.size()));
    std::string request = method + " " + path + " HTTP/1.1\r\n";
    for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
    return read_reply(RawClient(server_->port()).ask(request + "\r\n" + body), method != "HEAD");
  }
  static Reply read_reply(const std::string& answer, bool with_body = true) {
    Reply reply;
    const size_t end = answer.find("\r\n\r\n");
    EXPECT_NE(end, std::string::npos) << answer;
    if (end == std::string::npos) return reply;
    std::istringstream head(answer.substr(0, end));
    std::string version, line;
    head >> version >> reply.status;
    EXPECT_EQ(version, "HTTP/1.1");
    std::getline(head, line);
    while (std::getline(head, line)) {
      const size_t colon = line.find(": ");
      reply.headers[line.substr(0, colon)] = line.substr(colon + 2, line.find('\r') - colon - 2);
    }
    reply.text = answer.substr(end + 4);
    EXPECT_EQ(reply.headers["Content-Type"], "application/json");
    if (with_body) {
      EXPECT_EQ(reply.headers["Content-Length"], std::to_string(reply.text.size()));
      reply.body = control::Json::parse(reply.text);
    } else {
      EXPECT_EQ(reply.text, "");
    }
    return reply;
  }
  void expect_error(const Reply& reply, int status, const std::string& code) const {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.body["result"], false);
    EXPECT_TRUE(reply.body["data"].is_string());
    EXPECT_EQ(reply.body["error"]["code"], code) << reply.body;
    EXPECT_TRUE(reply.body["error"]["details"].is_array());
  }

  control::TestFolder folder_;
  control::FakeEngine engine_;
  std::unique_ptr<control::Store> store_;
  std::unique_ptr<control::JobService> service_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(ApiServerTest, CreatesReadsReplacesAndDeletes) {
  start();
  for (const std::string prefix : {"", "/v1"}) {
    EXPECT_EQ(ask("GET", prefix + "/sources").body, control::Json::array());
    Reply reply = ask("POST", prefix + "/sources", control::source_body().dump());
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body["result"], true);
    EXPECT_EQ(reply.body["data"],
              control::with(control::source_body(), "/config/password", "********"));
    EXPECT_EQ(ask("POST", prefix + "/targets", control::target_body().dump()).status, 201);
    EXPECT_EQ(ask("POST", prefix + "/jobs", control::job_body().dump()).status, 201);
    EXPECT_EQ(ask("GET", prefix + "/jobs/orders").body, control::job_body());
    EXPECT_EQ(ask("GET", prefix + "/jobs").body, control::Json::array({control::job_body()}));
    EXPECT_EQ(ask("HEAD", prefix + "/jobs").status, 200);
    reply = ask("PUT", prefix + "/jobs/orders",
                control::with(control::job_body(), "/target/index", "x").dump());
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body["data"]["target"]["index"], "x");
    EXPECT_EQ(ask("GET", prefix + "/jobs/orders/status").body["state"], "live");
    for (const std::string command : {"pause", "pause", "resync", "resume"}) {
      reply = ask("POST", prefix + "/jobs/orders/" + command, "", {});
      EXPECT_EQ(reply.status, 200);
      EXPECT_EQ(reply.body["result"], true);
      EXPECT_EQ(reply.body["data"]["state"], command == "resume" ? "live" : "paused");
    }
    EXPECT_EQ(ask("POST", prefix + "/jobs/orders/resync", "{}").status, 200);
    expect_error(ask("POST", prefix + "/jobs/orders/resync", "{\"x\":1}"), 400, "invalid");
    EXPECT_EQ(ask("POST", prefix + "/jobs/orders/verify", "", {}).status, 202);
    EXPECT_EQ(ask("POST", prefix + "/jobs/orders/verify", "{\"repair\":true}").status, 202);
    expect_error(ask("POST", prefix + "/jobs/orders/verify", "{\"x\":1}"), 400, "invalid");
    expect_error(ask("DELETE", prefix + "/sources/shop"), 409, "in_use");
    EXPECT_EQ(ask("DELETE", prefix + "/jobs/orders").body["data"]["name"], "orders");
    EXPECT_EQ(ask("DELETE", prefix + "/sources/shop").status, 200);
    EXPECT_EQ(ask("DELETE", prefix + "/targets/search").status, 200);
    expect_error(ask("GET", prefix + "/jobs/orders"), 404, "not_found");
  }
}

TEST_F(ApiServerTest, ListsEveryFault) {
  start();
  const Reply reply = ask("POST", "/jobs", "{\"x\": 1}");
  expect_error(reply, 400, "invalid");
  const control::Json expected = control::Json::parse(R"([{"path": "name", "message": "is missing"},
      {"path": "source", "message": "is missing"}, {"path": "target", "message": "is missing"},
      {"path": "x", "message": "is not a known field"}])");
  EXPECT_EQ(reply.body["error"]["details"], expected);
}

TEST_F(ApiServerTest, RefusesUnknownPathsAndMethods) {
  start();
  for (const char* path : {"/", "/nope", "/jobs/", "/v1", "/v2/jobs", "/v1/v1/jobs", "/jobs/a/b",
                           "/jobs//status", "//jobs", "/jobs/a%2Fstatus/x"}) {
    expect_error(ask("GET", path), 404, "not_found");
  }
  Reply reply = ask("PATCH", "/jobs/x", "{}");
  expect_error(reply, 405, "method_not_allowed");
  EXPECT_EQ(reply.headers.find("Allow")->second, "DELETE, GET, HEAD, PUT");
  reply = ask("GET", "/jobs/x/pause");
  expect_error(reply, 405, "method_not_allowed");
  EXPECT_EQ(reply.headers.find("Allow")->second, "POST");
  expect_error(ask("OPTIONS", "/jobs"), 405, "method_not_allowed");
}

TEST_F(ApiServerTest, RefusesBodiesThatAreNoJson) {
  start();
  expect_error(ask("POST", "/jobs", "{}", {{"Content-Type", "text/plain"}}), 415,
               "unsupported_media_type");
  expect_error(ask("POST", "/jobs", "{}", {{"Content-Type", "multipart/form-data; boundary=x"}}),
               415, "unsupported_media_type");
  expect_error(ask("POST", "/jobs", "{}",
                   {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}),
               415, "unsupported_media_type");
  const Headers charset = {{"Content-Type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(ask("POST", "/targets", control::target_body().dump(), charset).status, 201);
  for (const char* body : {"", "[", "{\"name\":\"a\",\"name\":\"a\"}", "\"\xff\"", "[]"}) {
    expect_error(ask("POST", "/jobs", body), 400, "invalid");
  }
  expect_error(ask("POST", "/jobs", std::string(500'000, '[')), 400, "invalid");
}

TEST_F(ApiServerTest, RefusesLargeBodies) {
  start();
  const size_t mebibyte = size_t{1} << 20;
  expect_error(ask("POST", "/jobs", std::string(mebibyte + 1, ' ')), 413, "too_large");
  expect_error(ask("POST", "/jobs", std::string(5 * mebibyte, ' ')), 413, "too_large");
  std::string exact = control::target_body().dump();
  exact.append(mebibyte - exact.size(), ' ');
  EXPECT_EQ(ask("POST", "/targets", exact).status, 201);
  std::string chunked =
      "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 70; ++i) chunked += "4000\r\n" + std::string(0x4000, ' ') + "\r\n";
  const RawClient client(server_->port());
  EXPECT_THAT(client.ask(chunked), StartsWith("HTTP/1.1 413"));
}

TEST_F(ApiServerTest, TakesChunkedBodies) {
  start();
  const std::string body = control::target_body().dump();
  std::array<char, 16> length{};
  std::snprintf(length.data(), length.size(), "%zx", body.size());
  const std::string head =
      "POST /targets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  EXPECT_THAT(RawClient(server_->port())
                  .ask(head + "Transfer-Encoding: chunked\r\n\r\n" + length.data() + "\r\n" + body +
                       "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 201"));
  EXPECT_THAT(RawClient(server_->port())
                  .ask(head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(RawClient(server_->port()).ask(head + "Content-Length: -1\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(RawClient(server_->port()).ask("NONSENSE\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ApiServerTest, RefusesOtherOriginsAndHosts) {
  start();
  const std::string own = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(ask("GET", "/jobs", "", {{"Origin", "http://" + own}}).status, 200);
  for (const char* origin : {"http://evil.example", "null", "http://localhost:3000"}) {
    expect_error(ask("GET", "/jobs", "", {{"Origin", origin}}), 403, "forbidden_origin");
    expect_error(ask("GET", "/health/live", "", {{"Origin", origin}}), 403, "forbidden_origin");
  }
  for (const char* host : {"localhost", "LOCALHOST:80", "127.9.9.9", "[::1]:5461"}) {
    EXPECT_EQ(ask("GET", "/jobs", "", {{"Host", host}}).status, 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "10.0.0.1", "[::2]", "0.0.0.0", "[::ffff:127.0.0.1"}) {
    expect_error(ask("GET", "/jobs", "", {{"Host", host}}), 403, "forbidden_origin");
  }
  EXPECT_THAT(RawClient(server_->port()).ask("GET /jobs HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 403"));
}

TEST_F(ApiServerTest, AsksForTheToken) {
  start("s3cret");
  Reply reply = ask("GET", "/jobs");
  expect_error(reply, 401, "unauthorized");
  EXPECT_EQ(reply.headers.count("WWW-Authenticate"), 1u);
  for (const char* given : {"s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets",
                            "Bearer s3creT", "Basic s3cret", "Bearer s3crets3cret"}) {
    expect_error(ask("GET", "/v1/jobs", "", {{"Authorization", given}}), 401, "unauthorized");
  }
  EXPECT_EQ(ask("GET", "/jobs", "", {{"Authorization", "Bearer s3cret"}}).status, 200);
  // With a token the name of the host does not matter, the origin still does.
  EXPECT_EQ(
      ask("GET", "/jobs", "", {{"Authorization", "bearer s3cret"}, {"Host", "a.example"}}).status,
      200);
  expect_error(ask("GET", "/jobs", "",
                   {{"Authorization", "Bearer s3cret"}, {"Origin", "http://evil.example"}}),
               403, "forbidden_origin");
  expect_error(ask("GET", "/nope"), 401, "unauthorized");
  expect_error(ask("GET", "/health/other"), 401, "unauthorized");
  EXPECT_EQ(ask("GET", "/health/live").status, 200);
  EXPECT_EQ(ask("GET", "/v1/health/ready").status, 200);
}

TEST_F(ApiServerTest, TellsWhetherItIsReady) {
  engine_.jobs.state = JobState::failed;
  engine_.jobs.error = JobError{"table", "the table is gone", 0};
  start();
  EXPECT_EQ(ask("GET", "/health/ready").status, 200);
  ask("POST", "/sources", control::source_body().dump());
  ask("POST", "/targets", control::target_body().dump());
  ask("POST", "/jobs", control::job_body().dump());
  const Reply reply = ask("GET", "/health/ready");
  expect_error(reply, 503, "not_ready");
  EXPECT_EQ(reply.body["error"]["details"][0]["path"], "jobs.orders");
  EXPECT_EQ(reply.body["error"]["details"][0]["message"], "failed: the table is gone");
  EXPECT_EQ(ask("GET", "/health/live").status, 200);
}

TEST_F(ApiServerTest, SlowClientsHoldUpNobodyForLong) {
  start();
  const auto begin = steady_clock::now();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 16; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send(
        "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n{");
  }
  EXPECT_EQ(ask("GET", "/health/live").status, 200);
  // Two rounds of eight threads, each at most the deadline and the linger.
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(4));
  EXPECT_THAT(slow[0]->receive_all(), StartsWith("HTTP/1.1 400"));
}

TEST_F(ApiServerTest, StopsAtOnceWhateverClientsDo) {
  start();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    idle.back()->send("GET /jobs HTTP/1.1\r\nHo");
  }
  const auto begin = steady_clock::now();
  server_->stop();
  server_->stop();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(ApiServerTest, DoesNotShareAPort) {
  start();
  ApiOptions options;
  options.port = server_->port();
  ApiServer second(*service_, options);
  const Status bound = second.bind();
  ASSERT_FALSE(bound.ok());
  EXPECT_THAT(bound.error().message, HasSubstr(std::to_string(options.port)));
}

TEST_F(ApiServerTest, ListensOnAllAddressesOnlyWithAToken) {
  start();
  for (const char* address : {"0.0.0.0", "::", "example.com", "10.1.2.3"}) {
    ApiOptions options;
    options.port = 0;
    options.listen = address;
    ApiServer open(*service_, options);
    const Status bound = open.bind();
    ASSERT_FALSE(bound.ok()) << address;
    EXPECT_THAT(bound.error().message, HasSubstr("SYNCLINE_API_TOKEN"));
  }
  ApiOptions options;
  options.port = 0;
  options.listen = "0.0.0.0";
  options.token = "t";
  EXPECT_TRUE(ApiServer(*service_, options).bind().ok());
}

TEST_F(ApiServerTest, SecretsAreInNoAnswer) {
  start();
  ask("POST", "/sources",
      control::with(control::source_body(), "/config/password", "hunter2").dump());
  const control::Json key = control::with(control::target_body(), "/api/api_key", "hunter2");
  ask("POST", "/targets", key.dump());
  for (const Reply& reply :
       {ask("GET", "/sources"), ask("GET", "/sources/shop"), ask("GET", "/targets"),
        ask("PUT", "/targets/search", key.dump()), ask("POST", "/targets", key.dump()),
        ask("PUT", "/sources/shop",
            control::with(control::source_body(), "/config/port", "x").dump()),
        ask("DELETE", "/sources/shop")}) {
    EXPECT_EQ(reply.body.dump().find("hunter2"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.body.dump().find("\"pw\""), std::string::npos) << reply.body;
  }
}

}  // namespace
}  // namespace syncline::api

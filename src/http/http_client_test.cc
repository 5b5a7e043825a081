#include "http/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "http/fake_server_for_test.h"
#include "http/url.h"

namespace syncline::http {
namespace {

using Fault = FakeReply::Fault;
using std::chrono::milliseconds;
using std::chrono::seconds;

HttpRequest request(std::string method, std::string path, std::string body = {}) {
  HttpRequest made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.body = std::move(body);
  if (!made.body.empty()) made.content_type = "application/json";
  return made;
}

// A port that nobody listens on.
TargetSpec refusing_target() {
  FakeServer gone([](const FakeRequest&) { return FakeReply{}; });
  return gone.target();
}

TEST(Url, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("a-b_c.~9"), "a-b_c.~9");
  EXPECT_EQ(percent_encode("a/b c,*é"), "a%2Fb%20c%2C%2A%C3%A9");
}

TEST(Url, PutsThePortBeforeThePrefix) {
  TargetSpec target;
  target.url = "https://es.example.org/search/";
  target.port = 443;
  EXPECT_EQ(base_url(target), "https://es.example.org:443/search");
  target.url = "http://[::1]";
  target.port = 9200;
  EXPECT_EQ(base_url(target), "http://[::1]:9200");
}

TEST(HttpClient, SendsMethodPathBodyAndGivesTheBodyBack) {
  FakeServer server([](const FakeRequest& got) {
    return FakeReply{201, got.method + got.path + got.body, {}, Fault::none};
  });
  TargetSpec target = server.target();
  target.url += "/prefix";
  HttpClient client(target, 2);
  for (const char* method : {"POST", "PUT", "DELETE", "GET", "POST"}) {
    const HttpResponse response = client.call(request(method, "/x?y=1", "{\"a\":1}"));
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body, std::string(method) + "/prefix/x?y=1{\"a\":1}");
    EXPECT_EQ(response.request_body, "{\"a\":1}");
  }
  EXPECT_EQ(client.call(request("GET", "/")).body, "GET/prefix/");
  EXPECT_EQ(client.call(request("HEAD", "/")).status, 201);
  EXPECT_EQ(client.call(request("DELETE", "/")).body, "DELETE/prefix/");
  EXPECT_EQ(client.call(request("POST", "/")).body, "POST/prefix/");
  EXPECT_EQ(server.connections(), 1) << "connections are kept alive";
  for (const FakeRequest& got : server.requests()) EXPECT_EQ(got.headers.count("expect"), 0U);
}

TEST(HttpClient, SendsLargeBodiesWithoutAskingFirst) {
  FakeServer server([](const FakeRequest& got) {
    return FakeReply{200, std::to_string(got.body.size()), {}, Fault::none};
  });
  HttpClient client(server.target(), 1);
  const std::string body(size_t{9} << 20, 'x');
  EXPECT_EQ(client.call(request("POST", "/", body)).body, std::to_string(body.size()));
  EXPECT_EQ(server.requests().at(0).headers.count("expect"), 0U);
}

TEST(HttpClient, Authenticates) {
  FakeServer server([](const FakeRequest&) { return FakeReply{}; });
  TargetSpec target = server.target();
  target.username = "elastic";
  target.password = "pass:word";
  EXPECT_EQ(HttpClient(target, 1).call(request("GET", "/")).status, 200);
  target.username.clear();
  target.api_key = "a2V5";
  EXPECT_EQ(HttpClient(target, 1).call(request("GET", "/")).status, 200);
  target.api_key.clear();
  target.aws = AwsSpec{"eu-west-1", "es"};
  HttpClient signing(target, 1, {"AKIDEXAMPLE", "secret", "session"});
  EXPECT_EQ(signing.call(request("POST", "/i/_bulk?a=b", "{}")).status, 200);
  const auto requests = server.requests();
  EXPECT_EQ(requests.at(0).headers.at("authorization"), "Basic ZWxhc3RpYzpwYXNzOndvcmQ=");
  EXPECT_EQ(requests.at(1).headers.at("authorization"), "ApiKey a2V5");
  const std::string& signature = requests.at(2).headers.at("authorization");
  EXPECT_TRUE(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")) << signature;
  EXPECT_NE(signature.find("/eu-west-1/es/aws4_request"), std::string::npos) << signature;
  EXPECT_NE(signature.find("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"),
            std::string::npos)
      << "signs what is sent, and nothing else: " << signature;
  EXPECT_EQ(requests.at(2).headers.at("x-amz-security-token"), "session");
}

TEST(HttpClient, RefusesToSendUnsignedToAws) {
  FakeServer server([](const FakeRequest&) { return FakeReply{}; });
  TargetSpec target = server.target();
  target.aws = AwsSpec{"eu-west-1", "es"};
  const HttpResponse response = HttpClient(target, 1).call(request("GET", "/"));
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.maybe_received);
  EXPECT_NE(response.failure.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, RefusedConnectionWasNeverSentAndKeepsSecrets) {
  TargetSpec target = refusing_target();
  target.username = "elastic";
  target.password = "hidden-word";
  HttpResponse response = HttpClient(target, 1).call(request("POST", "/", "{}"));
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.maybe_received);
  EXPECT_FALSE(response.failure.empty());
  EXPECT_EQ(response.failure.find("hidden-word"), std::string::npos);
  EXPECT_EQ(response.request_body, "{}");
}

TEST(HttpClient, UnknownHostWasNeverSent) {
  TargetSpec target;
  target.url = "http://no-such-host.invalid";
  const HttpResponse response = HttpClient(target, 1).call(request("GET", "/"));
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.maybe_received);
}

TEST(HttpClient, CutConnectionMayHaveBeenReceived) {
  std::atomic<Fault> fault{Fault::close_unanswered};
  FakeServer server([&](const FakeRequest&) { return FakeReply{200, "0123456789", {}, fault}; });
  HttpClient client(server.target(), 1);
  HttpResponse response = client.call(request("POST", "/", "{}"));
  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.maybe_received);
  fault = Fault::close_half_answer;
  response = client.call(request("POST", "/", "{}"));
  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.maybe_received);
  EXPECT_TRUE(response.body.empty());
}

TEST(HttpClient, TimeoutMayHaveBeenReceived) {
  FakeServer server([](const FakeRequest&) { return FakeReply{200, "", {}, Fault::silence}; });
  HttpRequest slow = request("POST", "/", "{}");
  slow.timeout = milliseconds(100);
  const HttpResponse response = HttpClient(server.target(), 1).call(slow);
  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.maybe_received);
}

// The server takes the second request on a connection, works on it and dies: curl alone would send
// it once more.
TEST(HttpClient, NeverSendsAPostTwiceOnAStaleConnection) {
  FakeServer server([](const FakeRequest& got) {
    FakeReply reply;
    if (got.nth_on_connection == 2) reply.fault = Fault::close_unanswered;
    return reply;
  });
  HttpClient client(server.target(), 1);
  EXPECT_EQ(client.call(request("POST", "/1", "{}")).status, 200);
  const HttpResponse cut = client.call(request("POST", "/2", "{}"));
  EXPECT_EQ(cut.status, 0);
  EXPECT_TRUE(cut.maybe_received);
  EXPECT_EQ(cut.request_body, "{}");
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(client.call(request("POST", "/3", "{}")).status, 200);
}

TEST(HttpClient, SendsAGetAgainOnAStaleConnection) {
  FakeServer server([](const FakeRequest& got) {
    FakeReply reply;
    if (got.nth_on_connection == 2) reply.fault = Fault::close_unanswered;
    return reply;
  });
  HttpClient client(server.target(), 1);
  EXPECT_EQ(client.call(request("GET", "/1")).status, 200);
  EXPECT_EQ(client.call(request("GET", "/2")).status, 200);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(HttpClient, ReadsRetryAfter) {
  FakeServer server([](const FakeRequest&) {
    return FakeReply{429, "{}", {{"Retry-After", "7"}}, Fault::none};
  });
  EXPECT_EQ(HttpClient(server.target(), 1).call(request("GET", "/")).retry_after_s, 7);
}

TEST(HttpClient, BoundsTheAnswer) {
  FakeServer server([](const FakeRequest&) {
    return FakeReply{200, std::string(kResponseBytesMax + 1, 'x'), {}, Fault::none};
  });
  const HttpResponse response = HttpClient(server.target(), 1).call(request("GET", "/"));
  EXPECT_EQ(response.status, 0);
  EXPECT_NE(response.failure.find("64 MiB"), std::string::npos);
}

TEST(HttpClient, BoundsItsConnections) {
  FakeServer server([](const FakeRequest&) { return FakeReply{}; });
  HttpClient client(server.target(), 2);
  std::vector<std::future<int>> statuses;
  for (int i = 0; i < 50; ++i) {
    auto promise = std::make_shared<std::promise<int>>();
    statuses.push_back(promise->get_future());
    client.send(request("POST", "/", "{}"),
                [promise](HttpResponse response) { promise->set_value(response.status); });
  }
  for (auto& status : statuses) EXPECT_EQ(status.get(), 200);
  EXPECT_LE(server.connections(), 2);
}

TEST(HttpClient, WaitingForAConnectionEndsToo) {
  FakeServer server([](const FakeRequest&) { return FakeReply{200, "", {}, Fault::silence}; });
  HttpClient client(server.target(), 1);
  client.send(request("GET", "/blocks"), [](HttpResponse) {});
  HttpRequest waits = request("POST", "/waits", "{}");
  waits.timeout = milliseconds(50);
  const HttpResponse response = client.call(waits);
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.maybe_received);
}

TEST(HttpClient, RunsTimersInOrder) {
  FakeServer server([](const FakeRequest&) { return FakeReply{}; });
  HttpClient client(server.target(), 1);
  std::string order;
  std::promise<void> done;
  client.after(milliseconds(40), [&] {
    order += 'c';
    done.set_value();
  });
  client.after(milliseconds(10), [&] { order += 'b'; });
  client.after(Duration::zero(), [&] { order += 'a'; });
  done.get_future().wait();
  EXPECT_EQ(order, "abc");
}

TEST(HttpClient, DestructorRunsEveryCallback) {
  FakeServer server([](const FakeRequest&) { return FakeReply{200, "", {}, Fault::silence}; });
  std::atomic<int> answered{0}, timers{0}, chained{0};
  {
    HttpClient client(server.target(), 2);
    for (int i = 0; i < 5; ++i) {
      client.send(request("POST", "/", "{}"), [&](HttpResponse response) {
        EXPECT_EQ(response.status, 0);
        ++answered;
        client.send(HttpRequest{"GET", "/", {}, {}}, [&](HttpResponse) { ++chained; });
      });
    }
    client.after(seconds(1000), [&] { ++timers; });
  }
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(chained, 5);
  EXPECT_EQ(timers, 1);
}

}  // namespace
}  // namespace syncline::http

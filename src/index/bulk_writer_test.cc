#include "index/bulk_writer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

#include "http/fake_server_for_test.h"

namespace syncline::index {
namespace {

using Fault = http::FakeReply::Fault;
using Kind = ItemOutcome::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string source_of(const std::string& id) {
  return "{\"v\":\"" + id + "\"}";
}

BulkBody make_body(const std::vector<std::string>& ids, Duration age = {}) {
  BulkBody body;
  body.version = 7;
  body.read_at = SystemClock().now() - age;
  for (const std::string& id : ids) {
    BulkItem item{id, id.starts_with("del") ? BulkAction::remove : BulkAction::index, 0, 0};
    const char* action = item.action == BulkAction::remove ? "delete" : "index";
    item.offset = static_cast<uint32_t>(body.bytes.size());
    body.bytes += std::string("{\"") + action + "\":{\"_id\":\"" + id + "\"}}\n";
    if (item.action == BulkAction::index) body.bytes += source_of(id) + "\n";
    item.length = static_cast<uint32_t>(body.bytes.size()) - item.offset;
    body.items.push_back(item);
  }
  return body;
}

// The ids of a bulk request's body, in order.
std::vector<std::string> ids_of(const std::string& body) {
  std::vector<std::string> ids;
  constexpr std::string_view kKey = "\"_id\":\"";
  for (size_t at = 0; (at = body.find(kKey, at)) != std::string::npos;) {
    at += kKey.size();
    ids.push_back(body.substr(at, body.find('"', at) - at));
  }
  return ids;
}

std::string item_error(int status, const std::string& type, const std::string& reason = "why") {
  return "{\"index\":{\"status\":" + std::to_string(status) + ",\"error\":{\"type\":\"" + type +
         "\",\"reason\":\"" + reason + "\"}}}";
}

http::FakeReply whole_error(int status, const std::string& type) {
  return {status,
          "{\"error\":{\"type\":\"" + type +
              "\",\"reason\":\"whole\"},\"status\":" + std::to_string(status) + "}",
          {},
          Fault::none};
}

// Answers each item by `judge`: the item's JSON, or nothing for a 201.
http::FakeReply answer_items(const http::FakeRequest& request,
                             const std::function<std::string(const std::string&)>& judge) {
  std::string items;
  for (const std::string& id : ids_of(request.body)) {
    const std::string said = judge(id);
    items += (items.empty() ? "" : ",");
    items += said.empty() ? "{\"index\":{\"status\":201}}" : said;
  }
  return {200, "{\"errors\":true,\"items\":[" + items + "]}", {}, Fault::none};
}

http::FakeReply all_done(const http::FakeRequest& request) {
  return answer_items(request, [](const std::string&) { return ""; });
}

// A writer on a fake server, and a box for its results.
class Rig {
 public:
  explicit Rig(http::FakeServer::Handler handler) : server(std::move(handler)) {}

  void submit(BulkBody body) { writer->submit(std::move(body)); }
  BulkResult wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !results_.empty(); });
    BulkResult result = std::move(results_.front());
    results_.pop_front();
    return result;
  }
  BulkResult run(BulkBody body) {
    submit(std::move(body));
    return wait();
  }
  size_t results_left() {
    const std::lock_guard lock(mutex_);
    return results_.size();
  }

 private:
  void take(BulkResult result) {
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
    arrived_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<BulkResult> results_;

 public:
  SystemClock clock;
  http::FakeServer server;
  BulkConcurrency concurrency{clock};
  http::HttpClient http{server.target(), 24};
  std::unique_ptr<BulkWriter> writer = std::make_unique<BulkWriter>(
      http, concurrency, clock, "orders", [this](BulkResult result) { take(std::move(result)); });
};

std::vector<Kind> kinds(const BulkResult& result) {
  std::vector<Kind> all;
  for (const ItemOutcome& outcome : result.outcomes) all.push_back(outcome.kind);
  return all;
}

TEST(BulkWriter, SendsOneBodyAndReportsItsItems) {
  Rig rig([](const http::FakeRequest& request) {
    return answer_items(request, [](const std::string& id) -> std::string {
      if (id == "old") return item_error(409, "version_conflict_engine_exception");
      if (id == "bad") return item_error(400, "mapper_parsing_exception", "no number");
      if (id == "del-gone") return "{\"delete\":{\"status\":404}}";
      return "";
    });
  });
  const BulkBody sent = make_body({"a", "old", "bad", "del-gone", "del-b"});
  BulkResult result = rig.run(make_body({"a", "old", "bad", "del-gone", "del-b"}));
  EXPECT_EQ(kinds(result),
            (std::vector{Kind::done, Kind::conflict, Kind::refused, Kind::done, Kind::done}));
  EXPECT_EQ(result.outcomes[2].status, 400);
  EXPECT_EQ(result.outcomes[2].type, "mapper_parsing_exception");
  EXPECT_EQ(result.outcomes[2].reason, "no number");
  EXPECT_FALSE(result.unavailable);
  EXPECT_EQ(result.body.bytes, sent.bytes) << "the body comes back";
  const http::FakeRequest request = rig.server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_TRUE(request.path.starts_with(
      "/orders/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error"));
  EXPECT_EQ(request.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(request.body, sent.bytes);
  EXPECT_EQ(rig.writer->bytes_in_flight(), 0U);
  EXPECT_EQ(rig.writer->bodies_wanted(), BulkConcurrency::kLimitStart + 1);
}

TEST(BulkWriter, EmptyBodyIsAnsweredWithoutARequest) {
  Rig rig(all_done);
  EXPECT_TRUE(rig.run(make_body({})).outcomes.empty());
  EXPECT_TRUE(rig.server.requests().empty());
}

TEST(BulkWriter, ResendsTheSameBytesAfter429And503) {
  int calls = 0;
  Rig rig([&](const http::FakeRequest& request) {
    ++calls;
    if (calls == 1) return whole_error(429, "rejected_execution_exception");
    if (calls == 2) return http::FakeReply{503, "", {}, Fault::none};
    return all_done(request);
  });
  const BulkResult result = rig.run(make_body({"a", "b"}));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::done}));
  EXPECT_FALSE(result.unavailable);
  const auto requests = rig.server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].body, requests[1].body);
  EXPECT_EQ(requests[0].body, requests[2].body);
}

TEST(BulkWriter, ResendsOnlyTheItemsThatWereNotTaken) {
  std::set<std::string> seen;
  Rig rig([&](const http::FakeRequest& request) {
    return answer_items(request, [&](const std::string& id) -> std::string {
      if (seen.insert(id).second && id == "b")
        return item_error(429, "es_rejected_execution_exception");
      if (id == "d") return item_error(400, "mapper_parsing_exception");
      return "";
    });
  });
  const BulkResult result = rig.run(make_body({"a", "b", "del-c", "d"}));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::done, Kind::done, Kind::refused}));
  const auto requests = rig.server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[1].body, "{\"index\":{\"_id\":\"b\"}}\n" + source_of("b") + "\n");
}

TEST(BulkWriter, ScriptCompilationLimitIsPassing) {
  int calls = 0;
  Rig rig([&](const http::FakeRequest& request) {
    if (++calls > 1) return all_done(request);
    return http::FakeReply{200,
                           R"({"errors":true,"items":[{"index":{"status":400,"error":{"type":)"
                           R"("illegal_argument_exception","reason":"x","caused_by":{"type":)"
                           R"("circuit_breaking_exception","reason":"y"}}}}]})",
                           {},
                           Fault::none};
  });
  EXPECT_EQ(kinds(rig.run(make_body({"a"}))), std::vector{Kind::done});
}

TEST(BulkWriter, HonoursRetryAfter) {
  int calls = 0;
  Rig rig([&](const http::FakeRequest& request) {
    if (++calls > 1) return all_done(request);
    return http::FakeReply{429, "{}", {{"Retry-After", "1"}}, Fault::none};
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kinds(rig.run(make_body({"a"}))), std::vector{Kind::done});
  EXPECT_GE(std::chrono::steady_clock::now() - begin, seconds(1));
}

TEST(BulkWriter, GivesUpRetryingWhenTheBodyIsTooOld) {
  Rig rig(
      [](const http::FakeRequest&) { return whole_error(429, "rejected_execution_exception"); });
  const BulkResult result = rig.run(make_body({"a", "b"}, kBodyAgeMax - milliseconds(400)));
  EXPECT_EQ(kinds(result), (std::vector{Kind::stale, Kind::stale}));
  EXPECT_TRUE(result.unavailable);
  EXPECT_FALSE(result.needs_person);
  EXPECT_NE(result.unavailable_reason.find("429"), std::string::npos);
  EXPECT_GE(rig.server.requests().size(), 2U);
}

TEST(BulkWriter, FullDiskIsSaidEvenWhereOtherItemsWereTaken) {
  Rig rig([](const http::FakeRequest& request) {
    return answer_items(request, [](const std::string& id) -> std::string {
      return id == "b" ? item_error(429, "cluster_block_exception", "disk usage exceeded") : "";
    });
  });
  const BulkResult result = rig.run(make_body({"a", "b"}, kBodyAgeMax - milliseconds(200)));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::stale}));
  EXPECT_TRUE(result.unavailable);
  EXPECT_NE(result.unavailable_reason.find("disk usage exceeded"), std::string::npos);
  EXPECT_EQ(rig.concurrency.limit(), BulkConcurrency::kLimitStart) << "a full disk is not overload";
}

TEST(BulkWriter, AShardThatIsAwayIsSaidEvenWhereOthersTakeItems) {
  Rig rig([](const http::FakeRequest& request) {
    return answer_items(request, [](const std::string& id) -> std::string {
      return id == "b" ? item_error(503, "unavailable_shards_exception", "[1] is not active") : "";
    });
  });
  const BulkResult result = rig.run(make_body({"a", "b"}, kBodyAgeMax - milliseconds(200)));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::stale}));
  EXPECT_TRUE(result.unavailable);
  EXPECT_NE(result.unavailable_reason.find("[1] is not active"), std::string::npos);
}

TEST(BulkWriter, NeverSendsAnOldBody) {
  Rig rig(all_done);
  const BulkResult result = rig.run(make_body({"a"}, kBodyAgeMax));
  EXPECT_EQ(kinds(result), std::vector{Kind::stale});
  EXPECT_FALSE(result.unavailable);
  EXPECT_TRUE(rig.server.requests().empty());
}

TEST(BulkWriter, ABodyThatGrowsOldInTheQueueComesBackUnsent) {
  Rig rig([](const http::FakeRequest&) { return http::FakeReply{200, "", {}, Fault::silence}; });
  for (int i = 0; i < BulkConcurrency::kLimitStart + BulkConcurrency::kSmallExtra; ++i)
    rig.submit(make_body({"blocks"}));
  rig.submit(make_body({"waits"}, kBodyAgeMax - milliseconds(100)));
  const BulkResult result = rig.wait();
  EXPECT_EQ(result.body.items.at(0).id, "waits");
  EXPECT_EQ(kinds(result), std::vector{Kind::stale});
}

TEST(BulkWriter, BlockedItemsNeedAPerson) {
  Rig rig([](const http::FakeRequest& request) {
    return answer_items(request, [](const std::string& id) -> std::string {
      return id == "a"
                 ? ""
                 : item_error(403, "cluster_block_exception", "index [x] blocked by: 'secret'");
    });
  });
  const BulkResult result = rig.run(make_body({"a", "b"}));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::stale}));
  EXPECT_TRUE(result.unavailable);
  EXPECT_TRUE(result.needs_person);
  EXPECT_NE(result.unavailable_reason.find("blocked by"), std::string::npos);
  EXPECT_EQ(result.unavailable_reason.find("secret"), std::string::npos);
  EXPECT_EQ(rig.server.requests().size(), 1U);
}

TEST(BulkWriter, MissingIndexIsTheCallersBusiness) {
  Rig rig([](const http::FakeRequest& request) {
    if (request.body.find("whole") != std::string::npos)
      return whole_error(404, "index_not_found_exception");
    return answer_items(
        request, [](const std::string&) { return item_error(404, "index_not_found_exception"); });
  });
  for (const char* id : {"item", "whole", "del-item"}) {
    const BulkResult result = rig.run(make_body({id}));
    EXPECT_EQ(kinds(result), std::vector{Kind::stale}) << id;
    EXPECT_TRUE(result.unavailable);
    EXPECT_FALSE(result.needs_person);
    EXPECT_NE(result.unavailable_reason.find("index_not_found"), std::string::npos);
  }
}

TEST(BulkWriter, RefusedCredentialsNeedAPerson) {
  for (int status : {401, 403}) {
    Rig rig([&](const http::FakeRequest&) { return whole_error(status, "security_exception"); });
    const BulkResult result = rig.run(make_body({"a"}));
    EXPECT_EQ(kinds(result), std::vector{Kind::stale});
    EXPECT_TRUE(result.needs_person);
  }
}

TEST(BulkWriter, HalvesWhatTheClusterHasNoRoomFor) {
  constexpr size_t kRoom = 400'000;
  std::atomic<int> refused = 0;
  Rig rig([&](const http::FakeRequest& request) {
    if (request.body.size() <= kRoom) return all_done(request);
    ++refused;
    return whole_error(429, "rejected_execution_exception");
  });
  std::vector<std::string> ids;
  for (char c = 'a'; c < 'm'; ++c) ids.emplace_back(75'000, c);
  BulkResult result = rig.run(make_body(ids));
  for (const ItemOutcome& outcome : result.outcomes) EXPECT_EQ(outcome.kind, Kind::done);
  EXPECT_FALSE(result.unavailable);
  // What was learned spares the next body the tries.
  refused = 0;
  result = rig.run(make_body(ids));
  for (const ItemOutcome& outcome : result.outcomes) EXPECT_EQ(outcome.kind, Kind::done);
  EXPECT_LE(refused, 1);
}

TEST(BulkWriter, OneDocumentThatIsNeverTakenWhileOthersAreIsRefused) {
  Rig rig([&](const http::FakeRequest& request) {
    return request.body.size() <= 100'000 ? all_done(request)
                                          : whole_error(429, "rejected_execution_exception");
  });
  rig.submit(make_body({std::string(200'000, 'x')}));
  BulkResult result = rig.run(make_body({"small"}));
  EXPECT_EQ(result.outcomes[0].kind, Kind::done);
  result = rig.wait();
  EXPECT_EQ(result.outcomes[0].kind, Kind::refused);
  EXPECT_EQ(result.outcomes[0].status, 429);
  EXPECT_NE(result.outcomes[0].reason.find("larger than the cluster has room for"),
            std::string::npos);
  EXPECT_FALSE(result.unavailable);
}

TEST(BulkWriter, HalvesWhatIsTooLarge) {
  Rig rig([](const http::FakeRequest& request) {
    const bool huge = request.body.find("\"huge\"") != std::string::npos;
    const bool refuse = ids_of(request.body).size() > 2 || huge;
    return refuse ? http::FakeReply{413, "", {}, Fault::none} : all_done(request);
  });
  const BulkResult result = rig.run(make_body({"a", "b", "c", "huge", "e", "f", "g"}));
  EXPECT_EQ(kinds(result), (std::vector{Kind::done, Kind::done, Kind::done, Kind::refused,
                                        Kind::done, Kind::done, Kind::done}));
  EXPECT_EQ(result.outcomes[3].status, 413);
  EXPECT_FALSE(result.outcomes[3].reason.empty());
  EXPECT_FALSE(result.unavailable);
}

TEST(BulkWriter, SplitsARefusedBodyUntilTheCulpritsStandAlone) {
  std::set<std::string> written;
  Rig rig([&](const http::FakeRequest& request) {
    const auto ids = ids_of(request.body);
    for (const std::string& id : ids)
      if (id.starts_with("culprit")) return whole_error(400, "action_request_validation_exception");
    written.insert(ids.begin(), ids.end());
    return all_done(request);
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.push_back("d" + std::to_string(i));
  ids[17] = "culprit1";
  ids[93] = "culprit2";
  const BulkResult result = rig.run(make_body(ids));
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool culprit = i == 17 || i == 93;
    EXPECT_EQ(result.outcomes[i].kind, culprit ? Kind::refused : Kind::done) << i;
  }
  EXPECT_EQ(result.outcomes[17].type, "action_request_validation_exception");
  EXPECT_EQ(written.size(), 98U);
  EXPECT_LT(rig.server.requests().size(), 40U);
}

TEST(BulkWriter, A400ThatNoClusterWroteParksNothing) {
  Rig rig([](const http::FakeRequest&) {
    return http::FakeReply{400, "<html>Bad Request</html>", {}, Fault::none};
  });
  const BulkResult result = rig.run(make_body({"a", "b"}));
  EXPECT_EQ(kinds(result), (std::vector{Kind::stale, Kind::stale}));
  EXPECT_TRUE(result.needs_person);
  EXPECT_EQ(rig.server.requests().size(), 1U);
}

TEST(BulkWriter, CutHalfAnsweredAndUnreadableAreUnknown) {
  std::vector<http::FakeReply> replies = {
      {200, "", {}, Fault::close_unanswered},
      {200, R"({"errors":false,"items":[{"index":{"status":201}}]})", {}, Fault::close_half_answer},
      {200,
       R"({"errors":false,"items":[{"index":{"status":201}}]})",
       {},
       Fault::none},  // two asked
      {200, "<html>", {}, Fault::none},
      {504, "", {}, Fault::none},
  };
  size_t next = 0;
  Rig rig([&](const http::FakeRequest&) { return replies.at(next++); });
  for (size_t i = 0; i < replies.size(); ++i) {
    const BulkResult result = rig.run(make_body({"a", "b"}));
    EXPECT_EQ(kinds(result), (std::vector{Kind::unknown, Kind::unknown})) << i;
    EXPECT_TRUE(result.unavailable);
    EXPECT_FALSE(result.needs_person);
    EXPECT_EQ(result.body.bytes, make_body({"a", "b"}).bytes);
  }
  EXPECT_EQ(rig.server.requests().size(), replies.size());
}

TEST(BulkWriter, RefusedConnectionIsStale) {
  TargetSpec target;
  {
    http::FakeServer gone(all_done);
    target = gone.target();
  }
  SystemClock clock;
  BulkConcurrency concurrency(clock);
  http::HttpClient http(target, 2);
  std::vector<BulkResult> results;
  {
    BulkWriter writer(http, concurrency, clock, "i",
                      [&](BulkResult result) { results.push_back(std::move(result)); });
    writer.submit(make_body({"a"}));
    while (writer.bytes_in_flight() > 0) std::this_thread::yield();
  }
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(kinds(results[0]), std::vector{Kind::stale});
  EXPECT_TRUE(results[0].unavailable);
}

TEST(BulkWriter, DestructorTurnsWaitingBodiesStaleAndThoseSentUnknown) {
  std::promise<void> arrived;
  Rig rig([&](const http::FakeRequest& request) {
    if (ids_of(request.body).at(0) != "sent") return whole_error(503, "busy");
    arrived.set_value();
    return http::FakeReply{200, "", {}, Fault::silence};
  });
  rig.submit(make_body({"sent"}));
  arrived.get_future().wait();
  for (int i = 0; i < 10; ++i) rig.submit(make_body({"busy" + std::to_string(i)}));
  rig.writer.reset();
  ASSERT_EQ(rig.results_left(), 11U);
  for (int i = 0; i < 11; ++i) {
    const BulkResult result = rig.wait();
    const bool sent = result.body.items.at(0).id == "sent";
    EXPECT_EQ(result.outcomes[0].kind, sent ? Kind::unknown : Kind::stale);
  }
}

TEST(BulkWriter, ManyBodiesFromManyThreads) {
  Rig rig(all_done);
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  constexpr int kBodies = 50;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kBodies; ++i) rig.submit(make_body({"a", "b", "c"}));
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kThreads * kBodies; ++i)
    EXPECT_EQ(kinds(rig.wait()), (std::vector{Kind::done, Kind::done, Kind::done}));
  EXPECT_EQ(rig.writer->bytes_in_flight(), 0U);
}

}  // namespace
}  // namespace syncline::index

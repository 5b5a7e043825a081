#include "index/index_admin.h"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "http/fake_server_for_test.h"

namespace syncline::index {
namespace {

using nlohmann::json;
using Fault = http::FakeReply::Fault;

const IndexOwner kOwner{"i1", "search/orders"};

http::FakeReply ok(std::string body) {
  return {200, std::move(body), {}, Fault::none};
}

http::FakeReply error(int status, const std::string& type, const std::string& reason) {
  return {status,
          json{{"error", {{"type", type}, {"reason", reason}}}, {"status", status}}.dump(),
          {},
          Fault::none};
}

class IndexAdminTest : public testing::Test {
 protected:
  // What the server says from now on.
  void answer_with(http::FakeReply reply) {
    const std::lock_guard lock(mutex_);
    next_ = std::move(reply);
  }
  Status refresh_with(http::FakeReply reply) {
    answer_with(std::move(reply));
    return admin_.refresh();
  }

 private:
  http::FakeReply next() {
    const std::lock_guard lock(mutex_);
    return next_;
  }
  std::mutex mutex_;
  http::FakeReply next_{};

 protected:
  http::FakeServer server_{[this](const http::FakeRequest&) { return next(); }};
  http::HttpClient http_{server_.target(), 2};
  IndexAdmin admin_{http_, "orders"};
};

TEST_F(IndexAdminTest, ErrorsSayWhatToDo) {
  EXPECT_EQ(refresh_with(error(429, "x", "y")).error().action, Action::retry);
  EXPECT_EQ(refresh_with(error(503, "x", "y")).error().action, Action::retry);
  EXPECT_EQ(refresh_with({200, "", {}, Fault::close_unanswered}).error().action, Action::retry);
  EXPECT_EQ(refresh_with(error(404, "index_not_found_exception", "no")).error().action,
            Action::retry);
  for (int status : {401, 403}) {
    const Status refused = refresh_with(error(status, "security_exception", "no"));
    EXPECT_EQ(refused.error().action, Action::needs_person);
    EXPECT_NE(refused.error().message.find("maintenance on index \"orders\""), std::string::npos)
        << refused.error().message;
  }
  const Status other = refresh_with(error(400, "bad", "value 'hidden' is bad"));
  EXPECT_EQ(other.error().action, Action::needs_person);
  EXPECT_EQ(other.error().message.find("hidden"), std::string::npos) << other.error().message;
  EXPECT_EQ(refresh_with(ok(R"({"_shards":{"failed":1}})")).error().action, Action::retry);
  EXPECT_TRUE(refresh_with(ok(R"({"_shards":{"failed":0}})")).ok());
}

TEST_F(IndexAdminTest, DescribesAnIndexAndRefusesAnAliasOfTwo) {
  answer_with(ok(R"({"orders":{"settings":{"index":{"uuid":"u1"}},"mappings":)"
                 R"({"_meta":{"syncline":{"created":true}}}}})"));
  auto described = admin_.describe();
  ASSERT_TRUE(described.ok() && *described);
  EXPECT_EQ((*described)->uuid, "u1");
  EXPECT_TRUE((*described)->created_by_syncline);
  answer_with(ok(R"({"orders-2":{"settings":{"index":{"uuid":"u2"}}}})"));
  described = admin_.describe();
  ASSERT_TRUE(described.ok() && *described);
  EXPECT_FALSE((*described)->created_by_syncline);
  answer_with(
      ok(R"({"a":{"settings":{"index":{"uuid":"1"}}},"b":{"settings":{"index":{"uuid":"2"}}}})"));
  EXPECT_EQ(admin_.describe().error().action, Action::needs_person);
  answer_with(error(404, "index_not_found_exception", "no such index"));
  described = admin_.describe();
  ASSERT_TRUE(described.ok());
  EXPECT_FALSE(described->has_value());
}

TEST_F(IndexAdminTest, DescribesWhoKeepsItAndWhatItTakes) {
  answer_with(ok(R"({"orders-1":{"settings":{"index":{"uuid":"u1"}},
      "aliases":{"orders":{"index_routing":"1"},"orders-1--Syncline":{}},"mappings":{
      "_routing":{"required":true},
      "_meta":{"syncline":{"owner":{"instance":"i1","plan":"search/orders"}}}}}})"));
  auto described = admin_.describe();
  ASSERT_TRUE(described.ok() && *described);
  EXPECT_EQ((*described)->name, "orders-1");
  EXPECT_EQ((*described)->owner, kOwner);
  EXPECT_TRUE((*described)->has_write_alias);
  EXPECT_TRUE((*described)->found_by_special_alias);
  EXPECT_TRUE((*described)->needs_routing);
  answer_with(ok(R"({".ds-orders-1":{"settings":{"index":{"uuid":"u1"}},"data_stream":"orders"},
      ".ds-orders-2":{"settings":{"index":{"uuid":"u2"}},"data_stream":"orders"}})"));
  described = admin_.describe();
  ASSERT_TRUE(described.ok() && *described);
  EXPECT_EQ((*described)->data_stream, "orders");
}

TEST_F(IndexAdminTest, CreatesWithMarkAndToleratesAnExistingOne) {
  answer_with(ok(R"({"acknowledged":true})"));
  ASSERT_TRUE(
      admin_.create({{"a", "long", "", {}}}, {R"({"index":{"number_of_shards":3}})"}, kOwner).ok());
  json sent = json::parse(server_.requests().at(0).body);
  EXPECT_FALSE(sent["mappings"]["_meta"]["syncline"]["settings"].get<std::string>().empty());
  sent["mappings"]["_meta"]["syncline"].erase("settings");
  EXPECT_EQ(sent, json::parse(R"({"mappings":{"_meta":{"syncline":{"created":true,
      "owner":{"instance":"i1","plan":"search/orders"}}},
      "properties":{"a":{"type":"long"}}},
      "settings":{"index":{"number_of_shards":3},"index.gc_deletes":"10m"}})"));
  answer_with(error(400, "resource_already_exists_exception", "exists"));
  const auto exists = admin_.create({}, {}, kOwner);
  ASSERT_TRUE(exists.ok());
  EXPECT_FALSE(*exists);
  answer_with(error(400, "illegal_argument_exception", "unknown setting [index.nonsense]"));
  EXPECT_EQ(admin_.create({}, {}, kOwner).error().action, Action::needs_person);
}

TEST_F(IndexAdminTest, ReadsTheClustersKind) {
  answer_with(ok(R"({"version":{"distribution":"opensearch","number":"2.19.5"}})"));
  auto info = admin_.cluster_info();
  ASSERT_TRUE(info.ok());
  EXPECT_TRUE(info->opensearch);
  EXPECT_EQ(info->major, 2);
  answer_with(ok(R"({"version":{"number":"8.14.1"}})"));
  info = admin_.cluster_info();
  EXPECT_FALSE(info->opensearch);
  EXPECT_EQ(info->version, "8.14.1");
  answer_with(ok("{}"));
  EXPECT_EQ(admin_.cluster_info().error().action, Action::needs_person);
  answer_with(ok("<html>"));
  EXPECT_EQ(admin_.cluster_info().error().action, Action::retry);
}

TEST_F(IndexAdminTest, ReadsVersionsAndRefusesPartialAnswers) {
  answer_with(ok(R"({"docs":[{"_id":"a","_version":7},{"_id":"b"}]})"));
  const auto versions = admin_.versions({"a", "b"});
  ASSERT_TRUE(versions.ok());
  ASSERT_EQ(versions->size(), 1U);
  EXPECT_EQ(versions->at(0).id, "a");
  EXPECT_EQ(versions->at(0).version, 7);
  answer_with(ok(R"({"docs":[{"_id":"a","error":{"type":"index_not_found_exception"}}]})"));
  EXPECT_EQ(admin_.versions({"a"}).error().action, Action::retry);
  answer_with(ok(R"({"_scroll_id":"s","_shards":{"failed":1},"hits":{"hits":[]}})"));
  EXPECT_EQ(admin_.begin_scroll().error().action, Action::retry);
}

TEST_F(IndexAdminTest, ARefusedMappingNamesTheFields) {
  const http::FakeReply mapping = ok(R"({"orders":{"mappings":{"properties":{}}}})");
  http::FakeServer server([&](const http::FakeRequest& request) {
    return request.method == "GET" ? mapping : error(400, "mapper_parsing_exception", "no handler");
  });
  http::HttpClient http(server.target(), 1);
  const Status refused = IndexAdmin(http, "orders").add_missing_fields({{"x", "frob", "", {}}});
  EXPECT_EQ(refused.error().action, Action::needs_person);
  EXPECT_NE(refused.error().message.find("add x to index \"orders\""), std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace syncline::index

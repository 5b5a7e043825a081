#include "document/bulk_builder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace syncline::document {
namespace {

std::string item_bytes(const BulkBody& body, size_t index) {
  return body.bytes.substr(body.items[index].offset, body.items[index].length);
}

TEST(BulkBuilder, WritesActionsAndSources) {
  BulkBuilder builder;
  const TimePoint read_at{Duration{42}};
  builder.begin(7, read_at);
  builder.begin_document("a");
  builder.bytes().append("{\"x\":1,\"y\":[2],");
  EXPECT_TRUE(builder.end_document());
  builder.add_delete("b");
  builder.begin_document("c");
  builder.bytes().append("{");
  EXPECT_TRUE(builder.end_document());

  EXPECT_EQ(builder.size_items(), 3U);
  const size_t bytes = builder.size_bytes();
  const BulkBody body = builder.take();
  EXPECT_EQ(body.bytes.size(), bytes);
  EXPECT_EQ(body.bytes,
            "{\"index\":{\"_id\":\"a\",\"version\":7,\"version_type\":\"external\"}}\n"
            "{\"x\":1,\"y\":[2]}\n"
            "{\"delete\":{\"_id\":\"b\",\"version\":7,\"version_type\":\"external\"}}\n"
            "{\"index\":{\"_id\":\"c\",\"version\":7,\"version_type\":\"external\"}}\n"
            "{}\n");
  EXPECT_EQ(body.version, 7);
  EXPECT_EQ(body.read_at, read_at);
  ASSERT_EQ(body.items.size(), 3U);
  EXPECT_EQ(body.items[0].id, "a");
  EXPECT_EQ(body.items[0].action, BulkAction::index);
  EXPECT_EQ(body.items[1].id, "b");
  EXPECT_EQ(body.items[1].action, BulkAction::remove);
  EXPECT_EQ(item_bytes(body, 0) + item_bytes(body, 1) + item_bytes(body, 2), body.bytes);
  EXPECT_EQ(item_bytes(body, 1),
            "{\"delete\":{\"_id\":\"b\",\"version\":7,\"version_type\":\"external\"}}\n");
}

TEST(BulkBuilder, IdsAreEscaped) {
  BulkBuilder builder;
  builder.begin(1, {});
  const std::string id = "a\"b\\c\nd";
  builder.add_delete(id);
  const BulkBody body = builder.take();
  EXPECT_EQ(body.items[0].id, id);
  EXPECT_EQ(nlohmann::json::parse(body.bytes)["delete"]["_id"], id);
  EXPECT_EQ(body.bytes.find('\n'), body.bytes.size() - 1);
}

TEST(BulkBuilder, AnAbandonedDocumentLeavesNoTrace) {
  BulkBuilder builder;
  builder.begin(1, {});
  builder.add_delete("a");
  const std::string before = builder.bytes();
  builder.begin_document("b");
  builder.bytes().append("{\"x\":1,");
  builder.abandon_document();
  EXPECT_EQ(builder.bytes(), before);
  EXPECT_EQ(builder.size_items(), 1U);
}

TEST(BulkBuilder, WhatIsNoUtf8IsDroppedAndTold) {
  const struct {
    std::string id, members, fault;
  } cases[] = {
      {"caf\xe9", R"("x":1)", "the id holds bytes that are no UTF-8"},
      {"1", "\"x\":1,\"na\\\"me\":\"caf\xe9\"",
       R"(field "na\"me" holds bytes that are no UTF-8: \xE9)"},
      {"1", "\"x\":\"a\",\"tags\":[\"b\",{\"c\":\"\xff\"}]",
       R"(field "tags" holds bytes that are no UTF-8: \xFF)"},
      {"1", "\"x\":{\"y\":\"a\"},\"map\":{\"k\x80\":\"v\"}",
       R"(field "map" holds bytes that are no UTF-8: \x80)"},
      {"1", "\"j\":{\"a\": \"\xc3\"}", R"(field "j" holds bytes that are no UTF-8: \xC3)"},
  };
  BulkBuilder builder;
  builder.begin(1, {});
  builder.add_delete("a");
  const std::string before = builder.bytes();
  for (const auto& c : cases) {
    builder.begin_document(c.id);
    builder.bytes().append("{" + c.members + ",");
    EXPECT_FALSE(builder.end_document());
    EXPECT_EQ(builder.fault(), c.fault);
    EXPECT_EQ(builder.bytes(), before);
    EXPECT_EQ(builder.size_items(), 1U);
  }
}

TEST(BulkBuilder, BeginAndTakeStartOver) {
  BulkBuilder builder;
  builder.begin(1, {});
  builder.add_delete("a");
  builder.begin(2, {});
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.size_bytes(), 0U);
  builder.add_delete("b");
  EXPECT_EQ(builder.take().version, 2);
  EXPECT_TRUE(builder.empty());
  builder.add_delete("c");
  const BulkBody next = builder.take();
  EXPECT_EQ(next.version, 2);
  EXPECT_EQ(next.items[0].offset, 0U);
  EXPECT_EQ(next.bytes,
            "{\"delete\":{\"_id\":\"c\",\"version\":2,\"version_type\":\"external\"}}\n");
}

TEST(BulkBuilder, IdsThatWouldRefuseTheWholeBodyAreTold) {
  EXPECT_FALSE(BulkBuilder::id_is_sendable(""));
  EXPECT_TRUE(BulkBuilder::id_is_sendable("a"));
  EXPECT_TRUE(BulkBuilder::id_is_sendable(std::string(512, 'x')));
  EXPECT_FALSE(BulkBuilder::id_is_sendable(std::string(513, 'x')));
}

}  // namespace
}  // namespace syncline::document

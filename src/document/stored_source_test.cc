#include "document/stored_source.h"

#include <gtest/gtest.h>

#include "base/mutation_for_test.h"

namespace syncline::document {
namespace {

const std::vector<std::string> kOurs = {"shipment", "items"};

StoredSource parsed(std::string_view json) {
  auto source = StoredSource::parse(json);
  EXPECT_TRUE(source) << json;
  return source ? *std::move(source) : StoredSource();
}

TEST(StoredSource, OtherMembersStayAsTheyWere) {
  const auto source =
      parsed("{\"a\": 1.10,\n \"n\":12345678901234567890.123456789, \"s\":\"\\u00e9\\n\"}");
  EXPECT_EQ(source.with("{\"shipment\":{\"id\":1}}", kOurs),
            "{\"a\": 1.10,\"n\":12345678901234567890.123456789,\"s\":\"\\u00e9\\n\","
            "\"shipment\":{\"id\":1}}");
}

TEST(StoredSource, OursAreReplacedAsAWhole) {
  const auto source = parsed(R"({"shipment":{"old":1},"x":{"y":[1,{"z":2}]},"items":[1]})");
  EXPECT_EQ(source.with(R"({"shipment":{"id":1}})", kOurs),
            R"({"x":{"y":[1,{"z":2}]},"shipment":{"id":1}})");
  EXPECT_EQ(source.with("{}", kOurs), R"({"x":{"y":[1,{"z":2}]}})");
}

TEST(StoredSource, NothingToDoIsNothingToWrite) {
  const auto source = parsed(R"({"x":1,"items":[{"id":1}]})");
  EXPECT_EQ(source.with(R"({"items":[{"id":1}]})", kOurs), std::nullopt);
  EXPECT_EQ(parsed(R"({"x":1})").with("{}", kOurs), std::nullopt);
  EXPECT_EQ(parsed(R"({"items":[]})").with("{}", kOurs), "{}");
}

TEST(StoredSource, LineBreaksBetweenTokensBecomeBlanks) {
  EXPECT_EQ(parsed("{\"a\":[1,\n2]}").with(R"({"items":[]})", kOurs), R"({"a":[1, 2],"items":[]})");
}

TEST(StoredSource, FindsScalarsByPath) {
  const auto source = parsed(R"({"a":{"b":{"c":"x\"y"},"n":null},"a.d":1.50,"t":true,"l":[1]})");
  EXPECT_EQ(source.scalar_at("a.b.c")->key, "x\"y");
  EXPECT_EQ(source.scalar_at("a.b.c")->family, ValueFamily::string);
  EXPECT_EQ(source.scalar_at("a.d")->key, number_key("1.5"));
  EXPECT_EQ(source.scalar_at("t")->family, ValueFamily::boolean);
  for (const char* none : {"a", "a.n", "l", "a.b", "zz", "t.x"})
    EXPECT_FALSE(source.scalar_at(none)) << none;
}

TEST(StoredSource, RefusesWhatIsNoObject) {
  for (const char* text : {"", "[1]", "{\"a\":", "7"})
    EXPECT_FALSE(StoredSource::parse(text)) << text;
}

TEST(StoredSource, NamesThatHoldHalfACharacterAreKeptAsTheyStand) {
  const auto source = StoredSource::parse(R"({"\ud800":"x","k":"a","o":{"\udfff":1.10}})");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->scalar_at("k")->key, "a");
  EXPECT_EQ(*source->with(R"({"v":1})", {"v"}),
            R"({"\ud800":"x","k":"a","o":{"\udfff":1.10},"v":1})");
  EXPECT_FALSE(source->member("\xff\xff"));
}

TEST(StoredSource, OutlivesWhateverIsStored) {
  Mutation documents({R"({"a":1.50,"b":[{"c":"d"}],"\u00e4":{"x":{"y":true}}})",
                      R"({ "k" : "v" , "o" : {"\ud800":null} })"},
                     20261127);
  repeat_for(std::chrono::milliseconds(300), 300, [&] {
    const auto source = StoredSource::parse(documents.next());
    if (!source) return;
    static_cast<void>(source->scalar_at("b.c.d"));
    static_cast<void>(source->with(R"({"v":1})", {"v", "k"}));
  });
}

}  // namespace
}  // namespace syncline::document

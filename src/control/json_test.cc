#include "control/json.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(ParseJson, KeepsOrderAndValues) {
  const auto parsed =
      parse_json(R"( {"b": [1, -2, 3.5, true, null, "é\u00e9"], "a": {"z": {}, "y": []}} )");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(json_text(*parsed), R"({"b":[1,-2,3.5,true,null,"éé"],"a":{"z":{},"y":[]}})");
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  for (const char* text :
       {"", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "nul", "1 2", "{\"a\" 1}", "\"\xff\"",
        "\"\xc0\x80\"", "\"\\ud800\"", "\"a\nb\"", "[1e999]", "// x\n1", "NaN"}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
}

TEST(ParseJson, RefusesAFieldGivenTwice) {
  EXPECT_FALSE(parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})").ok());
  EXPECT_FALSE(parse_json(R"([{"x": {"a": 1, "a": 1}}])").ok());
  EXPECT_TRUE(parse_json(R"([{"a": 1}, {"a": {"a": 1}}])").ok());
}

TEST(ParseJson, RefusesBombs) {
  EXPECT_TRUE(parse_json(std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']')).ok());
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')).ok());
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_FALSE(parse_json(deep).ok());
  std::string wide = "[0";
  for (size_t i = 0; i < kJsonValuesMax; ++i) wide += ",0";
  EXPECT_FALSE(parse_json(wide + "]").ok());
}

TEST(ParseJson, ManyFieldsTakeNoQuadraticTime) {
  std::string text = "{\"x\":0";
  for (int i = 0; i < 90'000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  const auto parsed = parse_json(text + "}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size(), 90'001u);
}

TEST(JsonText, MendsBytesThatAreNotUtf8) {
  EXPECT_EQ(json_text(Json("a\xc3")), "\"a\xef\xbf\xbd\"");
}

TEST(CanonicalObjectText, DoesNotDependOnOrder) {
  EXPECT_EQ(canonical_object_text(Json::parse(R"({"b": {"y": 1, "x": 2}, "a": 3})")),
            R"({"a":3,"b":{"x":2,"y":1}})");
  EXPECT_EQ(canonical_object_text(Json::object()), "");
}

}  // namespace
}  // namespace syncline

#include "document/same_json.h"

#include <gtest/gtest.h>

namespace syncline::document {
namespace {

TEST(SameJson, HoldsWhateverTheOrderOfMembersAndTheFormOfNumbers) {
  EXPECT_TRUE(same_json(R"({"a":1,"b":[1,2,{"c":null}]})", R"({ "b" : [1.0, 2e0, {"c": null}],
"a":10e-1 })"));
  EXPECT_TRUE(same_json(R"({"a":"x\u0041\n"})", R"({"a":"xA\u000a"})"));
  EXPECT_TRUE(same_json(R"({"\u0061":true})", R"({"a":true})"));
  EXPECT_TRUE(same_json("12345678901234567890.50", "12345678901234567890.5"));
  EXPECT_TRUE(same_json("{}", "{ }"));
}

TEST(SameJson, SeesEveryDifference) {
  EXPECT_FALSE(same_json(R"({"a":1})", R"({"a":2})"));
  EXPECT_FALSE(same_json(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(same_json(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(same_json(R"({"a":[1,2]})", R"({"a":[2,1]})"));
  EXPECT_FALSE(same_json(R"({"a":[1,2]})", R"({"a":[1]})"));
  EXPECT_FALSE(same_json(R"({"a":null})", R"({"a":false})"));
  EXPECT_FALSE(same_json(R"({"a":"x"})", R"({"a":"X"})"));
  EXPECT_FALSE(same_json("12345678901234567890.5", "12345678901234567890.6"));
  EXPECT_FALSE(same_json(R"({"a":1})", "[1]"));
  EXPECT_FALSE(same_json("{}", ""));
}

}  // namespace
}  // namespace syncline::document

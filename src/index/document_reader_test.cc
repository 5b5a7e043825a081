#include "index/document_reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace syncline::index {
namespace {

using nlohmann::json;

json query(const std::optional<FieldLook>& field, const std::vector<std::string>& values) {
  return json::parse(matching_query("f", field, values));
}

TEST(MatchingQuery, SearchesValuesAsTheyAre) {
  EXPECT_EQ(query(FieldLook{"keyword", true}, {"a\"b", "c"}),
            json::parse(R"({"terms":{"f":["a\"b","c"]}})"));
  EXPECT_EQ(query(FieldLook{"double", true}, {"59e-1"}),
            json::parse(R"({"terms":{"f":["59e-1"]}})"));
}

TEST(MatchingQuery, ZeroHasASignInAFieldOfFractions) {
  EXPECT_EQ(query(FieldLook{"half_float", true}, {"5", "0"}),
            json::parse(R"({"terms":{"f":["5","0","-0.0"]}})"));
  EXPECT_EQ(query(FieldLook{"scaled_float", true}, {"0"}), json::parse(R"({"terms":{"f":["0"]}})"));
  EXPECT_EQ(query(FieldLook{"keyword", true}, {"0"}), json::parse(R"({"terms":{"f":["0"]}})"));
}

TEST(MatchingQuery, WholeNumberFieldsIndexWhatIsBeforeThePoint) {
  EXPECT_EQ(query(FieldLook{"long", true}, {"59e-1", "-59e-1", "9e-2", "7", "12345e-2"}),
            json::parse(R"({"terms":{"f":["5","-5","0","7","123"]}})"));
}

TEST(MatchingQuery, TextIsMatchedByAllItsTerms) {
  const json text = query(FieldLook{"text", true}, {"a b"});
  EXPECT_EQ(text["bool"]["should"][0]["match"]["f"]["operator"], "and");
  EXPECT_EQ(text["bool"]["should"][0]["match"]["f"]["zero_terms_query"], "all");
}

TEST(MatchingQuery, WhatCannotBeSearchedIsEveryDocument) {
  const json all = json::parse(R"({"match_all":{}})");
  EXPECT_EQ(query(std::nullopt, {"a"}), all);
  EXPECT_EQ(query(FieldLook{"keyword", false}, {"a"}), all);
}

TEST(MatchingQuery, ValuesThatAreNotIndexedAreLookedForByTheirAbsence) {
  const json absent = json::parse(R"({"bool":{"must_not":{"exists":{"field":"f"}}}})");
  FieldLook keyword{"keyword", true};
  keyword.ignore_above = 3;
  EXPECT_EQ(query(keyword, {"abc", "äöü"})["terms"]["f"].size(), 2U);
  EXPECT_EQ(query(keyword, {"abcd"})["bool"]["should"][1], absent);
  EXPECT_EQ(query(keyword, {"\xf0\x9f\x98\x80xx"})["bool"]["should"][1], absent);
  EXPECT_FALSE(unindexed_query("f", keyword));
  FieldLook number{"long", true};
  number.ignores_malformed = true;
  EXPECT_EQ(query(number, {"7"})["bool"]["should"][1], absent);
  EXPECT_EQ(json::parse(*unindexed_query("f", number)), absent);
}

}  // namespace
}  // namespace syncline::index

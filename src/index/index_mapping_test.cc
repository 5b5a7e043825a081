#include "index/index_mapping.h"

#include <gtest/gtest.h>

#include "index/index_settings.h"

namespace syncline::index {
namespace {

using nlohmann::json;

json properties_of(const std::vector<FieldMapping>& fields) {
  auto made = make_properties(fields);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  return made.ok() ? *made : json();
}

TEST(MakeProperties, GivesTextAKeywordUnlessFieldsAreGiven) {
  const json made = properties_of({{"a", "text", "", {}},
                                   {"b", "text", R"({"fields":{"raw":{"type":"keyword"}}})", {}},
                                   {"c", "text", R"({"analyzer":"english"})", {}},
                                   {"d", "integer", "", {}}});
  EXPECT_EQ(made["a"]["fields"]["keyword"]["ignore_above"], kKeywordCharactersMax);
  EXPECT_FALSE(made["b"]["fields"].contains("keyword"));
  EXPECT_EQ(made["c"]["analyzer"], "english");
  EXPECT_TRUE(made["c"]["fields"].contains("keyword"));
  EXPECT_EQ(made["d"], json({{"type", "integer"}}));
}

TEST(MakeProperties, BuildsPathsAndNestedFields) {
  const json made = properties_of({{"items", "nested", "", {{"sku", "keyword", "", {}}}},
                                   {"items.count", "integer", "", {}},
                                   {"a.b.c", "long", "", {}}});
  EXPECT_EQ(made["items"]["type"], "nested");
  EXPECT_EQ(made["items"]["properties"]["sku"]["type"], "keyword");
  EXPECT_EQ(made["items"]["properties"]["count"]["type"], "integer");
  EXPECT_EQ(made["a"]["properties"]["b"]["properties"]["c"]["type"], "long");
  EXPECT_FALSE(made["a"].contains("type"));
}

TEST(MakeProperties, RefusesBadParamsAndTwoTypes) {
  EXPECT_EQ(make_properties({{"a", "text", "[1]", {}}}).error().action, Action::needs_person);
  EXPECT_EQ(make_properties({{"a", "text", "{", {}}}).error().action, Action::needs_person);
  EXPECT_FALSE(make_properties({{"a", "long", "", {}}, {"a", "date", "", {}}}).ok());
  EXPECT_TRUE(make_properties({{"a", "long", "", {}}, {"a", "long", "", {}}}).ok());
}

TEST(MissingProperties, FindsWhatIsMissingAtEveryDepth) {
  const json existing = json::parse(
      R"({"a":{"type":"long"},"o":{"properties":{"x":{"type":"ip"}}},
          "n":{"type":"nested","properties":{"p":{"type":"long"}}}})");
  const json wanted =
      properties_of({{"a", "long", "", {}},
                     {"b", "date", "", {}},
                     {"o", "object", "", {{"x", "ip", "", {}}, {"y", "ip", "", {}}}},
                     {"n.q", "long", "", {}}});
  const auto missing = missing_properties(wanted, existing, "i");
  ASSERT_TRUE(missing.ok());
  EXPECT_EQ(*missing, json::parse(R"({"b":{"type":"date"},"o":{"properties":{"y":{"type":"ip"}}},
                                     "n":{"type":"nested","properties":{"q":{"type":"long"}}}})"));
  EXPECT_EQ(field_names(*missing), "b, n.q, o.y");
  EXPECT_TRUE(missing_properties(wanted, wanted, "i")->empty());
}

TEST(MissingProperties, NamesAConflict) {
  const json existing =
      json::parse(R"({"o":{"properties":{"x":{"type":"text"}}},"n":{"type":"long"}})");
  const auto in_object =
      missing_properties(properties_of({{"o.x", "integer", "", {}}}), existing, "orders");
  ASSERT_FALSE(in_object.ok());
  EXPECT_EQ(in_object.error().action, Action::needs_person);
  for (const char* part : {"\"o.x\"", "\"orders\"", "integer", "text"})
    EXPECT_NE(in_object.error().message.find(part), std::string::npos) << in_object.error().message;
  EXPECT_FALSE(missing_properties(properties_of({{"n", "nested", "", {}}}), existing, "i").ok());
  EXPECT_FALSE(missing_properties(properties_of({{"n.x", "long", "", {}}}), existing, "i").ok());
  EXPECT_FALSE(missing_properties(properties_of({{"o", "nested", "", {}}}), existing, "i").ok());
}

TEST(MissingProperties, WiderTypesFit) {
  for (const auto& [asked, there] : std::initializer_list<std::pair<const char*, const char*>>{
           {"integer", "long"}, {"short", "integer"}, {"float", "double"}, {"keyword", "wildcard"}})
    EXPECT_TRUE(takes_type(there, asked)) << asked << " " << there;
  for (const auto& [asked, there] :
       std::initializer_list<std::pair<const char*, const char*>>{{"long", "integer"},
                                                                  {"integer", "double"},
                                                                  {"double", "float"},
                                                                  {"text", "keyword"},
                                                                  {"date", "date_nanos"},
                                                                  {"long", "unsigned_long"},
                                                                  {"object", "nested"}})
    EXPECT_FALSE(takes_type(there, asked)) << asked << " " << there;
  const json existing = json::parse(R"({"a":{"type":"text","analyzer":"english"},
      "o":{"properties":{"x":{"type":"long"}}}})");
  EXPECT_TRUE(missing_properties(properties_of({{"a", "text", "", {}}, {"o.x", "integer", "", {}}}),
                                 existing, "i")
                  ->empty());
}

TEST(FieldsWithParams, KeepsWhatLeadsToThem) {
  const auto chosen = fields_with_params(
      {{"a", "text", "", {}},
       {"b", "text", R"({"analyzer":"english"})", {}},
       {"n", "nested", "", {{"x", "ip", "", {}}, {"y", "date", R"({"format":"year"})", {}}}},
       {"m", "nested", "", {{"x", "ip", "", {}}}}});
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(chosen[0].name, "b");
  ASSERT_EQ(chosen[1].properties.size(), 1U);
  EXPECT_EQ(chosen[1].properties[0].name, "y");
}

TEST(FlatSettings, AllSpellingsAreOne) {
  const json flat = json::parse(
      R"({"index.number_of_shards":"3","index.sort.field":["a","1"],"index.hidden":"true"})");
  EXPECT_EQ(flat_settings(json::parse(
                R"({"index":{"number_of_shards":3,"sort.field":["a",1]},"hidden":true})")),
            flat);
  EXPECT_EQ(flat_settings(flat), flat);
  EXPECT_EQ(different_settings(flat, json::parse(R"({"index.number_of_shards":"3",
                "index.sort.field":["a"],"index.other":"x"})")),
            json::parse(R"({"index.sort.field":["a","1"],"index.hidden":"true"})"));
}

TEST(MakeSettings, AddsGcDeletesUnlessSet) {
  EXPECT_EQ((*make_settings({}))["index.gc_deletes"], "10m");
  EXPECT_EQ((*make_settings({R"({"number_of_shards":2})"}))["index.gc_deletes"], "10m");
  for (const char* set : {R"({"index.gc_deletes":"1h"})", R"({"gc_deletes":"1h"})",
                          R"({"index":{"gc_deletes":"1h"}})"})
    EXPECT_EQ(*make_settings({set}), json::parse(set));
  EXPECT_EQ(
      *make_settings({R"({"gc_deletes":"1h","analysis":{"a":1}})", "", R"({"analysis":{"b":2}})"}),
      json::parse(R"({"gc_deletes":"1h","analysis":{"a":1,"b":2}})"));
  EXPECT_FALSE(make_settings({"[]"}).ok());
}

}  // namespace
}  // namespace syncline::index

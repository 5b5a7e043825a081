#include "control/job_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "control/spec_parser.h"
#include "control/test_support.h"

namespace syncline::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kCompareTarget = "target.property.compare.target";

using Names = std::vector<std::string>;

// A job on the index "orders" whose columns are named as their aliases, with "." as "_".
Json any_job(const std::string& name, const Names& aliases, const std::string& type) {
  Json job = job_body(name);
  job["source"]["columns"] = Json::array();
  job["target"]["type"] = type;
  job["target"]["mappings"] = Json::array();
  job["target"]["id"] = aliases.front();
  for (const std::string& alias : aliases) {
    std::string column = alias;
    for (char& c : column) c = c == '.' ? '_' : c;
    job["source"]["columns"].push_back(column);
    job["target"]["mappings"].push_back(
        Json{{"source_column", column}, {"alias", alias}, {"type", "keyword"}});
  }
  return job;
}
Json index_job(const std::string& name, const Names& aliases) {
  return any_job(name, aliases, "index");
}
Json object_job(const std::string& name, const std::string& field, const Names& aliases) {
  Json job = any_job(name, aliases, "object");
  job["target"]["object"] = Json{{"name", field}};
  return job;
}
Json nested_job(const std::string& name, const std::string& field, const Names& aliases) {
  Json job = any_job(name, aliases, "nested");
  job["target"]["nested"] = Json{{"name", field}, {"id", aliases.front()}};
  return job;
}
// Compares its column "key", mapped or not, with `compare_target`.
Json property_job(const std::string& name, const std::string& compare_target,
                  const Names& aliases) {
  Json job = any_job(name, aliases, "property");
  job["target"].erase("id");
  if (std::find(aliases.begin(), aliases.end(), "key") == aliases.end()) {
    job["source"]["columns"].push_back("key");
  }
  job["target"]["property"]["compare"] = Json{{"source", "key"}, {"target", compare_target}};
  return job;
}

class JobRules : public testing::Test {
 protected:
  JobRules() {
    configuration_.sources["shop"].name = "shop";
    configuration_.targets["search"].name = "search";
  }
  // A job that is there already, whatever the rules say.
  void have(const Json& body) {
    Faults faults;
    JobSpec spec = parse_job(body, faults);
    ASSERT_TRUE(faults.empty()) << faults.list()[0].path << " " << faults.list()[0].message;
    configuration_.jobs[spec.name].spec = std::move(spec);
  }
  std::vector<Fault> faults_of(const Json& body) const {
    Faults faults;
    const JobSpec spec = parse_job(body, faults);
    check_job(spec, configuration_, faults);
    return faults.list();
  }
  Names places_of(const Json& body) const {
    Names places;
    for (const Fault& fault : faults_of(body)) places.push_back(fault.path);
    return places;
  }
  std::string message_of(const Json& body) const {
    const std::vector<Fault> faults = faults_of(body);
    EXPECT_EQ(faults.size(), 1u);
    return faults.empty() ? "" : faults[0].message;
  }

  Configuration configuration_;
};

TEST_F(JobRules, NamesUnknownSourceAndTarget) {
  Json job = with(index_job("a1", {"id"}), "/source/name", "nope");
  EXPECT_THAT(places_of(job), ElementsAre("source.name"));
  EXPECT_THAT(places_of(with(job, "/target/name", "nope")),
              ElementsAre("source.name", "target.name"));
}

TEST_F(JobRules, FourKindsGoTogether) {
  have(index_job("orders", {"id", "status", "customer_id"}));
  have(index_job("more", {"id", "status"}));
  have(object_job("customer", "customer", {"id", "country"}));
  have(nested_job("items", "items", {"id", "sku"}));
  have(property_job("country", "customer.country", {"country_name", "continent"}));
  for (const Json& again :
       {index_job("orders", {"id", "customer_id"}), object_job("customer", "buyer", {"id"}),
        nested_job("items", "items", {"id"}), property_job("more_of_it", "continent", {"size"})}) {
    EXPECT_THAT(places_of(again), IsEmpty()) << again;
  }
}

TEST_F(JobRules, OneFieldIsWrittenByOneJob) {
  have(index_job("orders", {"id", "customer"}));
  have(property_job("names", "id", {"name", "key"}));  // its own column "key" is compared
  have(object_job("address", "address", {"id", "street"}));
  have(nested_job("items", "items", {"id", "sku"}));
  EXPECT_THAT(places_of(index_job("i2", {"name"})), ElementsAre("target.mappings[0].alias"));
  EXPECT_THAT(places_of(index_job("i2", {"id", "address", "items"})),
              ElementsAre("target.mappings[1].alias", "target.mappings[2].alias"));
  EXPECT_THAT(places_of(property_job("p2", "id", {"name", "street", "address", "customer"})),
              ElementsAre("target.mappings[2].alias", "target.mappings[0].alias",
                          "target.mappings[3].alias"));
  EXPECT_THAT(places_of(object_job("o2", "items", {"id"})), ElementsAre("target.object.name"));
  EXPECT_THAT(places_of(nested_job("n2", "customer", {"id"})), ElementsAre("target.nested.name"));
  EXPECT_EQ(message_of(nested_job("n2", "customer", {"id"})),
            "job \"orders\" on the same index writes the field \"customer\" too");
  // What a property job compares it does not write.
  EXPECT_THAT(places_of(index_job("i2", {"key"})), IsEmpty());
  // On another index or target nothing is shared.
  EXPECT_THAT(places_of(with(index_job("i2", {"name"}), "/target/index", "x")), IsEmpty());
}

TEST_F(JobRules, ThePropertysCompareColumnMayBeGivenAsAnAlias) {
  Json job = property_job("p1", "id", {"k"});
  job["target"]["mappings"][0]["source_column"] = "key";
  job["target"]["property"]["compare"]["source"] = "k";
  job["target"]["mappings"].push_back(
      Json{{"source_column", "k"}, {"alias", "name"}, {"type", "keyword"}});
  // "k" is a column too, and that comes first: so the alias "k" (of column "key") is written.
  have(job);
  EXPECT_THAT(places_of(index_job("i1", {"id", "k"})), ElementsAre("target.mappings[1].alias"));
  EXPECT_THAT(places_of(index_job("i1", {"id", "name"})), IsEmpty());
  job["source"]["columns"] = Json::array({"key", "other"});
  job["target"]["mappings"][1]["source_column"] = "other";
  have(job);
  EXPECT_THAT(places_of(index_job("i1", {"id", "k"})), IsEmpty());
  EXPECT_THAT(places_of(index_job("i1", {"id", "name"})), ElementsAre("target.mappings[1].alias"));
}

TEST_F(JobRules, WithoutMappingsTheColumnsAreTheFields) {
  Json all = with(property_job("p1", "id", {"name"}), "/target/mappings", Json::array());
  have(all);
  EXPECT_THAT(places_of(index_job("i1", {"id", "key", "name"})),
              ElementsAre("target.mappings[2].alias"));
  configuration_.jobs.clear();
  have(index_job("i1", {"id", "key", "name"}));
  EXPECT_THAT(places_of(all), ElementsAre("source.columns[0]"));
}

TEST_F(JobRules, NoFieldLiesInsideOfAnother) {
  have(object_job("customer", "customer", {"id"}));
  have(index_job("orders", {"id", "a.b.c"}));
  const auto inside = faults_of(index_job("i2", {"customer.city", "a.b.d", "a.b.c.d", "a.bc"}));
  ASSERT_EQ(inside.size(), 2u);
  EXPECT_EQ(inside[0].path, "target.mappings[0].alias");
  EXPECT_EQ(inside[0].message,
            "the field \"customer.city\" lies inside of \"customer\", which job \"customer\" on "
            "the same index writes");
  EXPECT_EQ(inside[1].path, "target.mappings[2].alias");
  EXPECT_EQ(message_of(object_job("o2", "a.b", {"id"})),
            "job \"orders\" on the same index writes \"a.b.c\", which lies inside of the field "
            "\"a.b\"");
  EXPECT_THAT(places_of(nested_job("n2", "customer.tags", {"id"})),
              ElementsAre("target.nested.name"));
  EXPECT_THAT(places_of(property_job("p2", "id", {"a"})), ElementsAre("target.mappings[0].alias"));
  EXPECT_THAT(places_of(object_job("o2", "a.b.x", {"id"})), IsEmpty());
  EXPECT_THAT(places_of(object_job("o2", "custom", {"id"})), IsEmpty());
}

TEST_F(JobRules, IndexJobsGiveASharedFieldOneType) {
  have(index_job("orders", {"id", "status"}));
  Json second = index_job("i2", {"status", "id"});
  second["target"]["mappings"][0]["type"] = "text";
  second["target"]["mappings"][1]["params"] = Json{{"doc_values", false}};
  EXPECT_THAT(places_of(second),
              ElementsAre("target.mappings[0].type", "target.mappings[1].params"));
  // What an object job calls "status" is another field: "customer.status".
  Json object = object_job("o1", "customer", {"id", "status"});
  object["target"]["mappings"][1]["type"] = "text";
  EXPECT_THAT(places_of(object), IsEmpty());
}

TEST_F(JobRules, IdsHaveOneLengthButForProperties) {
  have(object_job("o1", "customer", {"id"}));
  have(property_job("p1", "id", {"name"}));
  const Json ids = Json::array({"id", "part"});
  EXPECT_THAT(places_of(with(index_job("i1", {"id", "part"}), "/target/id", ids)),
              ElementsAre("target.id"));
  EXPECT_THAT(places_of(with(nested_job("n1", "items", {"id", "part"}), "/target/id", ids)),
              ElementsAre("target.id"));
}

TEST_F(JobRules, TheCompareTargetOfAnOwnedIndexIsAFieldOfAnotherJob) {
  have(index_job("orders", {"id", "data"}));
  have(object_job("customer", "customer", {"id", "city"}));
  have(nested_job("items", "items", {"id", "sku"}));
  have(property_job("names", "id", {"name"}));
  for (const char* known : {"id", "customer.city", "name"}) {
    EXPECT_THAT(places_of(property_job("p2", known, {"extra"})), IsEmpty()) << known;
  }
  // The tables tell what is in there: that is for the engine.
  for (const char* path : {"data.a", "items", "items.sku", "customer.city.a", "name.a.b"}) {
    EXPECT_THAT(places_of(property_job("p2", path, {"extra"})), IsEmpty()) << path;
  }
  for (const char* unknown : {"nope", "customer", "customer.zip", "city", "sku", "key", "dat"}) {
    EXPECT_THAT(places_of(property_job("p2", unknown, {"extra"})), ElementsAre(kCompareTarget))
        << unknown;
  }
  EXPECT_EQ(message_of(property_job("p2", "nope", {"extra"})),
            "no other job on this index gives the field \"nope\"");
  // What is replaced does not count.
  EXPECT_THAT(places_of(property_job("customer", "customer.city", {"extra"})),
              ElementsAre(kCompareTarget));
}

TEST_F(JobRules, OnAForeignIndexAnythingMayBeCompared) {
  have(object_job("customer", "customer", {"id"}));
  EXPECT_THAT(places_of(property_job("p1", "whatever", {"extra"})), IsEmpty());
  // Nor does it matter when the index gets an owner.
  have(property_job("p1", "whatever", {"extra"}));
  EXPECT_THAT(places_of(index_job("orders", {"id"})), IsEmpty());
  // The index job itself may become a property, and leaves a foreign index.
  have(index_job("orders", {"id"}));
  EXPECT_THAT(places_of(property_job("p2", "nope", {"more"})), ElementsAre(kCompareTarget));
  EXPECT_THAT(places_of(property_job("orders", "nope", {"more"})), IsEmpty());
}

TEST_F(JobRules, PropertiesDoNotCompareInACircle) {
  have(property_job("b1", "fc", {"fb"}));
  have(property_job("c1", "fa.inner", {"fc"}));
  for (const bool owned : {false, true}) {
    if (owned) have(index_job("orders", {"id"}));
    const auto faults = faults_of(property_job("a1", "fb", {"fa"}));
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_EQ(faults[0].path, kCompareTarget);
    EXPECT_THAT(faults[0].message, HasSubstr("in a circle: \"a1\" → \"b1\" → \"c1\" → \"a1\""));
    EXPECT_THAT(places_of(property_job("a1", "fb", {"other"})), IsEmpty());
  }
}

TEST_F(JobRules, APropertyDoesNotCompareWithItsOwnField) {
  for (const bool owned : {false, true}) {
    if (owned) have(index_job("orders", {"id"}));
    EXPECT_THAT(message_of(property_job("a1", "fa", {"fa"})), HasSubstr(": \"a1\" → \"a1\""));
    EXPECT_THAT(places_of(property_job("a1", "fa.x", {"fa"})), ElementsAre(kCompareTarget));
  }
  // The compare column is not written, so its alias may be the field that it is compared with.
  Json job = property_job("a1", "id", {"id", "name"});
  job["target"]["property"]["compare"]["source"] = "id";
  EXPECT_THAT(places_of(job), IsEmpty());
}

TEST_F(JobRules, AChainWithoutACircleIsFine) {
  have(index_job("orders", {"id"}));
  have(property_job("p0", "id", {"f0"}));
  for (int i = 1; i < 20; ++i) {
    const Json next = property_job("p" + std::to_string(i), "f" + std::to_string(i - 1),
                                   {"f" + std::to_string(i)});
    EXPECT_THAT(places_of(next), IsEmpty());
    have(next);
  }
  EXPECT_THAT(message_of(property_job("p0", "f19", {"f0"})),
              AllOf(HasSubstr("\"p0\" → \"p19\" → \"p18\""), HasSubstr("\"p1\" → \"p0\"")));
}

TEST_F(JobRules, AnIndexHasSoManyJobs) {
  const auto numbered = [](size_t i) { return "job" + std::to_string(i); };
  for (size_t i = 0; i < kIndexJobsMax; ++i) have(index_job(numbered(i), {"id"}));
  EXPECT_THAT(places_of(index_job("one_more", {"id"})), ElementsAre("target.index"));
  EXPECT_THAT(places_of(index_job(numbered(0), {"id"})), IsEmpty());
  EXPECT_THAT(places_of(with(index_job("one_more", {"id"}), "/target/index", "x")), IsEmpty());
  for (size_t i = kIndexJobsMax; i < kJobsOnIndexMax; ++i) {
    const Json job = object_job(numbered(i), "field" + std::to_string(i), {"id"});
    if (i + 1 == kJobsOnIndexMax) {
      EXPECT_THAT(places_of(job), IsEmpty());
    }
    have(job);
  }
  EXPECT_THAT(places_of(object_job("one_more", "field", {"id"})), ElementsAre("target.index"));
  EXPECT_THAT(places_of(object_job(numbered(200), "field", {"id"})), IsEmpty());
  EXPECT_THAT(places_of(index_job("one_more", {"id"})),
              ElementsAre("target.index", "target.index"));
}

TEST_F(JobRules, AllFaultsComeTogether) {
  have(with(index_job("orders", {"id", "name"}), "/target/settings", Json{{"codec", "default"}}));
  have(property_job("b1", "fa", {"fb"}));
  Json job = property_job("a1", "fb", {"fa", "name", "id.x"});
  job["source"]["name"] = "nope";
  job["target"]["settings"] = Json{{"codec", "best_compression"}};
  job["target"]["id"] = "fa";
  EXPECT_THAT(places_of(job),
              ElementsAre("target.id", "source.name", "target.settings", "target.mappings[1].alias",
                          "target.mappings[2].alias", kCompareTarget));
}

// A job whose type or mappings could not be read is not blamed for fields that it may not write.
TEST_F(JobRules, WhatCannotBeReadGivesNoFurtherFaults) {
  have(property_job("p1", "id", {"name"}));
  const Json job = index_job("i1", {"id", "name"});
  EXPECT_THAT(places_of(job), ElementsAre("target.mappings[1].alias"));
  EXPECT_THAT(places_of(with(job, "/target/type", "indx")), ElementsAre("target.type"));
  EXPECT_THAT(places_of(with(job, "/target/mappings", "DROP")), ElementsAre("target.mappings"));
}

}  // namespace
}  // namespace syncline::control

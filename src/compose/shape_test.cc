#include "compose/shape.h"

#include <gtest/gtest.h>

#include "compose/plan_for_test.h"

namespace syncline::compose {
namespace {

JobForTest orders() {
  return JobForTest(JobType::index, "orders", {{"id"}, {"customer"}, {"total"}});
}

JobForTest property(const std::string& name, const std::string& source, const std::string& target,
                    const std::string& gives) {
  return std::move(
      JobForTest(JobType::property, name, {{source}, {gives}}).compares(source, target));
}

TEST(ShapeTest, EachKindIsANode) {
  const Members members = members_of(
      JobForTest(JobType::nested, "items", {{"order"}, {"line"}}).named("items", "line"), orders(),
      property("people", "person", "customer", "city"),
      JobForTest(JobType::object, "shipments", {{"order"}, {"carrier"}}).named("shipment"));
  const auto shape = compile_shape(members);
  ASSERT_TRUE(shape.ok());
  const std::vector<Node>& nodes = shape->nodes();
  ASSERT_EQ(nodes.size(), 4u);
  EXPECT_EQ(nodes[0].place, Place::array);
  EXPECT_EQ(nodes[0].opening, "\"items\":");
  EXPECT_EQ(nodes[1].place, Place::fields);
  EXPECT_EQ(nodes[1].defines, 1u);
  EXPECT_EQ(nodes[2].place, Place::fields);
  EXPECT_EQ(nodes[2].found_by, FoundBy::value);
  EXPECT_EQ(nodes[2].defines, 0u);
  ASSERT_EQ(nodes[2].hosts.size(), 1u);
  EXPECT_EQ(nodes[2].hosts[0].node, &nodes[1]);
  EXPECT_EQ(nodes[2].hosts[0].value, 2u);  // id as the link, id, customer
  EXPECT_EQ(nodes[3].place, Place::object);
  EXPECT_EQ(nodes[3].opening, "\"shipment\":");
  EXPECT_EQ(shape->levels[0], (std::vector{&nodes[0], &nodes[1], &nodes[3]}));
  EXPECT_EQ(shape->levels[1], (std::vector{&nodes[2]}));
  EXPECT_EQ(&shape->node_of(*members[3]), &nodes[3]);
}

TEST(ShapeTest, AChainIsReadFromTheDocumentOn) {
  const Members members = members_of(property("cities", "city_id", "city", "country"), orders(),
                                     property("people", "person", "customer", "city"));
  const auto shape = compile_shape(members);
  ASSERT_TRUE(shape.ok());
  ASSERT_EQ(shape->levels.size(), 3u);
  EXPECT_EQ(shape->levels[1].front()->member->name(), "people");
  EXPECT_EQ(shape->levels[2].front()->member->name(), "cities");
  EXPECT_EQ(fan_out_jobs(shape->nodes()[0]), (std::vector<std::string>{"cities", "people"}));
  EXPECT_TRUE(fan_out_jobs(shape->nodes()[1]).empty());
}

TEST(ShapeTest, AFieldOfAnObjectIsAPath) {
  const Members members = members_of(
      orders(), property("carriers", "code", "shipment.carrier", "phone"),
      JobForTest(JobType::object, "shipments", {{"order"}, {"carrier"}}).named("shipment"));
  const auto shape = compile_shape(members);
  ASSERT_TRUE(shape.ok());
  ASSERT_EQ(shape->nodes()[1].hosts.size(), 1u);
  EXPECT_EQ(shape->nodes()[1].hosts[0].node, &shape->nodes()[2]);
}

TEST(ShapeTest, WithoutHostsTheOwnerMayGiveTheField) {
  const Members members = members_of(property("people", "person", "customer", "city"));
  const auto shape = compile_shape(members);
  ASSERT_TRUE(shape.ok());
  EXPECT_TRUE(shape->nodes()[0].hosts.empty());
  EXPECT_TRUE(shape->levels[0].empty());
  EXPECT_EQ(shape->levels[1].size(), 1u);
}

TEST(ShapeTest, ACircleIsRefused) {
  const Members members = members_of(property("cities", "c", "city", "country"), orders(),
                                     property("states", "s", "country", "city"));
  const auto shape = compile_shape(members);
  ASSERT_FALSE(shape.ok());
  EXPECT_EQ(shape.error().message, "its compare.target leads back to a field that it sets itself");
  EXPECT_EQ(shape.error().culprit, "states");
}

TEST(ShapeTest, ValuesOfAnArrayCannotBeCompared) {
  const Members members =
      members_of(JobForTest(JobType::nested, "items", {{"order"}, {"line"}}).named("items", "line"),
                 orders(), property("skus", "sku", "items.sku", "label"));
  const auto shape = compile_shape(members);
  ASSERT_FALSE(shape.ok());
  EXPECT_EQ(
      shape.error().message,
      "target.property.compare.target \"items.sku\" leads into an array or json of job items; "
      "only fields of their own can be compared");
  EXPECT_EQ(shape.error().culprit, "skus");
}

TEST(ShapeTest, TheLastIndexJobWinsAField) {
  const Members members = members_of(JobForTest(JobType::index, "a", {{"id"}, {"name"}}),
                                     JobForTest(JobType::index, "b", {{"id"}, {"name"}}));
  const auto shape = compile_shape(members);
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->nodes()[0].defines, 1u);
  EXPECT_EQ(shape->nodes()[1].defines, 2u);
  const std::vector<std::optional<std::string_view>> row = {"7", "7", "x"};
  std::string alone, both, last;
  shape->nodes()[0].writer.append_members(row, 1, alone);
  shape->nodes()[0].writer.append_members(row, 3, both);
  shape->nodes()[1].writer.append_members(row, 3, last);
  EXPECT_EQ(alone, R"("id":"7","name":"x",)");
  EXPECT_EQ(both, "");
  EXPECT_EQ(last, R"("id":"7","name":"x",)");
}

}  // namespace
}  // namespace syncline::compose

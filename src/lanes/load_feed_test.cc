#include "lanes/load_feed.h"

#include <gtest/gtest.h>

namespace syncline::lanes {
namespace {

using Ids = std::vector<std::string>;

TEST(LoadFeed, HoldsPositionsUntilADeleteIsConfirmedAndWrittenAgain) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  LoadFeed load(table);
  load.begin();
  EXPECT_FALSE(load.deleted({"a", "b"}));
  EXPECT_TRUE(load.holds_positions());
  EXPECT_EQ(table.size(), 0u);  // not before what was read until then is acknowledged
  load.confirm();
  EXPECT_TRUE(load.holds_positions());
  EXPECT_EQ(table.take(10), (Ids{"a", "b"}));
  table.done("a");
  EXPECT_TRUE(load.holds_positions());
  table.done("b");
  EXPECT_FALSE(load.holds_positions());
}

TEST(LoadFeed, DoesNotMindDeletesWhileNothingIsLoaded) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  LoadFeed load(table);
  EXPECT_FALSE(load.deleted({"a"}));
  EXPECT_FALSE(load.holds_positions());
  load.begin();
  EXPECT_TRUE(load.running());
  load.end();
  EXPECT_FALSE(load.deleted({"b"}));
  load.confirm();
  EXPECT_EQ(table.size(), 0u);
}

TEST(LoadFeed, SaysWhenThereAreManyUntilTheyAreConfirmed) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  LoadFeed load(table);
  load.begin();
  EXPECT_FALSE(load.deleted(Ids(LoadFeed::kDeletesMax, "a")));
  EXPECT_TRUE(load.deleted({"b"}));
  load.confirm();
  EXPECT_FALSE(load.deleted({"c"}));
  EXPECT_EQ(table.take(10), (Ids{"a", "b"}));
}

// The load ended, and what was deleted beside it is not confirmed yet.
TEST(LoadFeed, HoldsPositionsBeyondTheEndOfTheLoad) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  LoadFeed load(table);
  load.begin();
  static_cast<void>(load.deleted({"a"}));
  load.end();
  EXPECT_TRUE(load.holds_positions());
  load.confirm();
  ASSERT_EQ(table.take(10), Ids{"a"});
  table.done("a");
  EXPECT_FALSE(load.holds_positions());
}

}  // namespace
}  // namespace syncline::lanes

#include <gtest/gtest.h>

#include "lanes/later_list.h"

namespace syncline::lanes {
namespace {

const TimePoint kStart;

TEST(LaterList, GivesWhatIsDue) {
  LaterList list;
  list.add({"a", "b"}, kStart + std::chrono::seconds(10));
  list.add({"c"}, kStart + std::chrono::seconds(5));
  EXPECT_TRUE(list.take_due(kStart + std::chrono::seconds(4)).ids.empty());
  EXPECT_EQ(list.take_due(kStart + std::chrono::seconds(5)).ids, (std::vector<std::string>{"c"}));
  const LaterList::Due due = list.take_due(kStart + std::chrono::seconds(60));
  EXPECT_EQ(due.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(due.every_document);
}

TEST(LaterList, StandsForEveryDocumentWhenItIsFull) {
  LaterList list;
  const std::vector<std::string> many(LaterList::kIdsMax, "id");
  list.add(many, kStart + std::chrono::seconds(1));
  list.add({"one more"}, kStart + std::chrono::seconds(3));
  list.add({"and another"}, kStart + std::chrono::seconds(2));
  EXPECT_FALSE(list.take_due(kStart + std::chrono::seconds(2)).every_document);
  const LaterList::Due due = list.take_due(kStart + std::chrono::seconds(3));
  EXPECT_TRUE(due.every_document);
  EXPECT_TRUE(due.ids.empty());
  EXPECT_FALSE(list.take_due(kStart + std::chrono::seconds(9)).every_document);
}

}  // namespace
}  // namespace syncline::lanes

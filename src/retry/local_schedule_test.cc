#include "retry/local_schedule.h"

#include <gtest/gtest.h>

#include "retry/parked_folder_for_test.h"

namespace syncline::retry {
namespace {

using std::chrono::seconds;
using Ids = std::vector<std::string>;

class LocalScheduleTest : public testing::Test {
 protected:
  void park(const Ids& ids, const std::string& plan = "t/a") {
    std::vector<ParkedDocument> documents;
    for (const std::string& id : ids) documents.push_back(refused(plan, id, clock_));
    ASSERT_TRUE(store_->add(documents).ok());
  }
  Ids due(size_t max = 100, const std::string& plan = "t/a") {
    auto ids = schedule_.take_due(plan, max);
    EXPECT_TRUE(ids.ok());
    return ids.ok() ? *ids : Ids();
  }

  ParkedFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ParkedStore> store_ = folder_.open();
  LocalSchedule schedule_{*store_, clock_};
};

TEST_F(LocalScheduleTest, TriesAfterAMinuteAndThenDoublesUpToAnHour) {
  park({"1"});
  for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
    clock_.advance(seconds(minutes * 60 - 1));
    EXPECT_EQ(due(), Ids()) << minutes;
    clock_.advance(seconds(1));
    EXPECT_EQ(due(), Ids{"1"}) << minutes;
    park({"1"});  // refused again
  }
  EXPECT_EQ((*store_->reader().find("t/a", "1"))->attempts, 9);
}

TEST_F(LocalScheduleTest, WhatIsNotComposedIsGivenAgainButNotAtOnce) {
  park({"1"});
  clock_.advance(seconds(60));
  EXPECT_EQ(due(), Ids{"1"});
  EXPECT_EQ(due(), Ids());
  clock_.advance(seconds(1));
  EXPECT_EQ(due(), Ids{"1"});
}

TEST_F(LocalScheduleTest, ARoundGivesEachDocumentOnceHoweverManyPagesItTakes) {
  Ids ids;
  for (int i = 100; i < 125; ++i) ids.push_back(std::to_string(i));
  park(ids);
  clock_.advance(seconds(60));
  Ids given;
  for (int page = 0; page < 3; ++page) {
    for (const std::string& id : due(10)) given.push_back(id);
  }
  EXPECT_EQ(given, ids);
  EXPECT_EQ(due(10), Ids());
}

TEST_F(LocalScheduleTest, TheLongestDueComesFirst) {
  park({"b"});
  clock_.advance(seconds(1));
  park({"a"});
  clock_.advance(seconds(60));
  EXPECT_EQ(due(), (Ids{"b", "a"}));
}

TEST_F(LocalScheduleTest, WhatIsHastenedIsGivenAtOnce) {
  park({"1", "2", "3"});
  EXPECT_EQ(due(), Ids());
  ASSERT_EQ(*store_->hasten("t/a", {"2", "x"}), 1);
  EXPECT_EQ(due(), Ids{"2"});
}

TEST_F(LocalScheduleTest, AllThatIsHastenedIsGivenOnce) {
  park({"1", "2", "3", "4", "5"});
  clock_.advance(seconds(1));
  store_->hasten_all("t/a", clock_.wall_time_us());
  EXPECT_EQ(due(2), (Ids{"1", "2"}));
  park({"1"});  // refused again: next in two minutes, and not once more in this round
  park({"new"});
  EXPECT_EQ(due(2), (Ids{"3", "4"}));
  EXPECT_EQ(due(2), Ids{"5"});
  clock_.advance(seconds(1));
  EXPECT_EQ(due(2), Ids());
}

TEST_F(LocalScheduleTest, PlansAreApart) {
  park({"1"}, "t/a");
  park({"2"}, "t/b");
  clock_.advance(seconds(60));
  EXPECT_EQ(due(100, "t/a"), Ids{"1"});
  EXPECT_EQ(due(100, "t/b"), Ids{"2"});
  EXPECT_EQ(due(100, "t/c"), Ids());
}

TEST_F(LocalScheduleTest, OverdueIsLaterThanDue) {
  park({"1"});
  clock_.advance(seconds(69));
  EXPECT_EQ(*schedule_.take_overdue("t/a", 10, seconds(10)), Ids());
  clock_.advance(seconds(1));
  EXPECT_EQ(*schedule_.take_overdue("t/a", 10, seconds(10)), Ids{"1"});
}

}  // namespace
}  // namespace syncline::retry

#include "retry/parked_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retry/parked_folder_for_test.h"

namespace syncline::retry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ids = std::vector<std::string>;

class FakePlans final : public JobPlans {
 public:
  Result<std::string> plan_of(const std::string& job) const override {
    if (job == "gone") return Error::bug("no such job: " + job);
    return std::string("t/i");
  }
  void nudge_plan(const std::string& plan) override { nudged.push_back(plan); }

  std::vector<std::string> nudged;
};

class ParkedDeskTest : public testing::Test {
 protected:
  void park(const std::string& id) {
    ASSERT_TRUE(store_->add({refused("t/i", id, clock_)}).ok());
    clock_.advance(std::chrono::seconds(1));
  }
  std::vector<std::string> shown(const FailureQuery& query = {}) {
    std::vector<std::string> ids;
    const auto page = desk_.failures("j", query);
    EXPECT_TRUE(page.ok());
    for (const Failure& failure : page->items) ids.push_back(failure.id);
    return ids;
  }

  ParkedFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ParkedStore> store_ = folder_.open();
  FakePlans plans_;
  ParkedDesk desk_{*store_, plans_, clock_};
};

TEST_F(ParkedDeskTest, PagesThroughTheDocumentsOfAJob) {
  park("b");
  park("a");
  park("c");
  const auto page = desk_.failures("j", {2, {}});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].id, "a");
  EXPECT_EQ(page->items[0].type, "mapper_parsing_exception");
  EXPECT_EQ(page->next, "b");
  EXPECT_THAT(shown({2, "b"}), ElementsAre("c"));
  // Another job of the same index has none of them.
  EXPECT_THAT(desk_.failures("other", {})->items, IsEmpty());
  EXPECT_FALSE(desk_.failures("gone", {}).ok());
}

TEST_F(ParkedDeskTest, RetriesAllAndWakesThePlan) {
  EXPECT_EQ(desk_.retry_failures("j", std::nullopt)->count, 0);
  EXPECT_THAT(plans_.nudged, IsEmpty());
  park("a");
  park("b");
  EXPECT_EQ(desk_.retry_failures("j", std::nullopt)->count, 2);
  EXPECT_THAT(plans_.nudged, ElementsAre("t/i"));
  EXPECT_EQ(desk_.failures("j", {})->items[0].next_at_us, clock_.wall_time_us());
}

TEST_F(ParkedDeskTest, RetriesSomeOrNoneIfOneIsNotParked) {
  park("a");
  park("b");
  const auto none = desk_.retry_failures("j", Ids{"a", "x"});
  EXPECT_EQ(none->count, 0);
  EXPECT_THAT(none->unknown, ElementsAre("x"));
  EXPECT_THAT(plans_.nudged, IsEmpty());
  EXPECT_EQ(desk_.retry_failures("j", Ids{"b"})->count, 1);
  EXPECT_THAT(plans_.nudged, ElementsAre("t/i"));
  EXPECT_THAT(desk_.retry_failures("other", Ids{"b"})->unknown, ElementsAre("b"));
}

TEST_F(ParkedDeskTest, GivesUpWhatIsMeantByAPrintableId) {
  park("a\xff");
  park("b");
  const std::vector<std::string> ids = shown();
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_NE(ids[0], "a\xff");
  const auto given_up = desk_.give_up("j", ids[0]);
  ASSERT_TRUE(given_up.ok() && given_up->has_value());
  EXPECT_EQ((*given_up)->id, ids[0]);
  EXPECT_THAT(shown(), ElementsAre("b"));
  EXPECT_FALSE(desk_.give_up("j", ids[0])->has_value());
}

}  // namespace
}  // namespace syncline::retry

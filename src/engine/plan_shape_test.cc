#include "engine/plan_shape.h"

#include <gtest/gtest.h>

namespace syncline::engine {
namespace {

const JobShape kOrders{"orders", "d1", false};
const JobShape kLines{"lines", "d2", true};  // an array
const JobShape kPrices{"prices", "d3", false};

std::string text_of(std::vector<JobShape> jobs) {
  return PlanShape{true, std::move(jobs)}.text();
}

TEST(PlanShape, IsALineForTheKindAndOneForEachJob) {
  EXPECT_EQ(text_of({kLines, kOrders}), "owned\nlines=d2\norders=d1\n");
  EXPECT_EQ((PlanShape{false, {kPrices}}.text()), "foreign\nprices=d3\n");
}

TEST(PlanShape, DecidesWhatAnOwnedPlanSweeps) {
  const JobShape changed{"orders", "other", false};
  const struct {
    const char* why;
    std::vector<JobShape> now;
    OwnedFacts facts;
    OwnedStart wanted;
  } cases[] = {
      {"a new index", {kOrders}, {true, true, std::nullopt}, OwnedStart::only_loads},
      {"a new index under a member that goes on",
       {kOrders},
       {true, false, text_of({kOrders})},
       OwnedStart::goes_on},
      {"an index that was there", {kOrders}, {false, true, std::nullopt}, OwnedStart::sweep},
      {"nothing changed", {kOrders}, {false, false, text_of({kOrders})}, OwnedStart::goes_on},
      {"never composed as a whole", {kOrders}, {false, false, std::nullopt}, OwnedStart::sweep},
      {"all load again", {kOrders}, {false, true, text_of({kOrders})}, OwnedStart::sweep},
      {"a job is gone", {kOrders}, {false, false, text_of({kOrders, kPrices})}, OwnedStart::sweep},
      {"a job changed", {changed}, {false, false, text_of({kOrders})}, OwnedStart::sweep},
      {"a job more: its load brings what it gives",
       {kOrders, kPrices},
       {false, false, text_of({kOrders})},
       OwnedStart::goes_on},
      {"an array more: documents without rows hold an empty one",
       {kLines, kOrders},
       {false, false, text_of({kOrders})},
       OwnedStart::sweep},
      {"an array that was there",
       {kLines, kOrders},
       {false, false, text_of({kLines, kOrders})},
       OwnedStart::goes_on},
      {"a resync", {kOrders}, {false, true, kResyncShape}, OwnedStart::sweep_resync},
      {"a resync of an index that was gone",
       {kOrders},
       {true, true, kResyncShape},
       OwnedStart::only_loads},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(decide_owned({true, one.now}, one.facts), one.wanted) << one.why;
  }
}

TEST(PlanShape, AForeignPlanLooksAtAllWhereMoreThanAJobIsGone) {
  const PlanShape both{false, {kLines, kPrices}}, one{false, {kPrices}};
  EXPECT_FALSE(looks_at_all(one, true, one.text()));
  EXPECT_FALSE(looks_at_all(one, true, both.text()));
  EXPECT_TRUE(looks_at_all(both, true, one.text()));
  EXPECT_TRUE(looks_at_all(one, false, one.text()));
  EXPECT_TRUE(looks_at_all(one, true, std::nullopt));
  EXPECT_TRUE(looks_at_all(one, true, text_of({kPrices})));  // it owned them before
}

}  // namespace
}  // namespace syncline::engine

#include "retry/id_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace syncline::retry {
namespace {

int64_t false_alarms(const IdFilter& filter, int64_t asked) {
  int64_t alarms = 0;
  for (int64_t i = 0; i < asked; ++i) alarms += filter.may_contain("x" + std::to_string(i)) ? 1 : 0;
  return alarms;
}

TEST(IdFilterTest, KnowsWhatIsInAndMostOfWhatIsNot) {
  constexpr int64_t kIds = 100'000;
  IdFilter filter(kIds);
  for (int64_t i = 0; i < kIds; ++i) filter.add(std::to_string(i));
  for (int64_t i = 0; i < kIds; ++i) ASSERT_TRUE(filter.may_contain(std::to_string(i)));
  EXPECT_LT(false_alarms(filter, kIds), kIds / 20);
  EXPECT_FALSE(filter.is_crowded());
}

TEST(IdFilterTest, SaysWhenItIsTooSmall) {
  IdFilter filter(1);
  EXPECT_EQ(false_alarms(filter, 1000), 0);
  for (int i = 0; i < 10'000; ++i) filter.add(std::to_string(i));
  EXPECT_TRUE(filter.is_crowded());
}

TEST(IdFilterTest, TheLargestNeverAsksForMore) {
  IdFilter filter(1'000'000);
  for (int i = 0; i < 1'500'000; ++i) filter.add(std::to_string(i));
  EXPECT_FALSE(filter.is_crowded());
  EXPECT_LT(false_alarms(filter, 10'000), 2'500);
}

}  // namespace
}  // namespace syncline::retry

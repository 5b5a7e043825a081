#include "capture/subscriptions.h"

#include <gtest/gtest.h>

namespace syncline::capture {
namespace {

class SubscriptionsTest : public testing::Test {
 protected:
  static TimePoint at(int second) { return TimePoint() + std::chrono::seconds(second); }
  int add(int watch) {
    return subscriptions_.add(watch, [this] { ++woken_; });
  }

  Subscriptions subscriptions_;
  const Snapshot first_ = *Snapshot::parse("10:10:");
  const Snapshot second_ = *Snapshot::parse("20:20:");
  int woken_ = 0;
};

TEST_F(SubscriptionsTest, BeginTouched) {
  const int member = add(1);
  EXPECT_TRUE(subscriptions_.take_touched(member)) << "what was logged before is to be read";
  EXPECT_FALSE(subscriptions_.take_touched(member));
  EXPECT_EQ(woken_, 0);
}

TEST_F(SubscriptionsTest, WakeThoseOfTheWatchesThatHaveKeys) {
  const int one = add(1), two = add(2), again_one = add(1);
  for (const int member : {one, two, again_one}) subscriptions_.take_touched(member);
  subscriptions_.touch(std::vector<int>{1, 7});
  EXPECT_EQ(woken_, 2);
  EXPECT_TRUE(subscriptions_.take_touched(one));
  EXPECT_FALSE(subscriptions_.take_touched(two));
  EXPECT_TRUE(subscriptions_.take_touched(again_one));
}

TEST_F(SubscriptionsTest, WakeAllWhereTooManyHaveKeysToTell) {
  const int one = add(1), two = add(2);
  subscriptions_.take_touched(one);
  subscriptions_.take_touched(two);
  subscriptions_.touch(std::nullopt);
  EXPECT_EQ(woken_, 2);
  EXPECT_TRUE(subscriptions_.take_touched(one));
  EXPECT_TRUE(subscriptions_.take_touched(two));
}

TEST_F(SubscriptionsTest, WakeNobodyWhoHasLeft) {
  const int member = add(1);
  subscriptions_.remove(member);
  subscriptions_.touch(std::nullopt);
  EXPECT_EQ(woken_, 0);
  EXPECT_FALSE(subscriptions_.take_touched(member));
  EXPECT_FALSE(subscriptions_.untouched_head(member, at(0)));
}

TEST_F(SubscriptionsTest, GiveTheHeadToWhomeverHasNoKeyBeforeIt) {
  const int one = add(1), two = add(2);
  subscriptions_.begin(first_, at(1));
  EXPECT_FALSE(subscriptions_.untouched_head(one, at(0))) << "there may be keys for everybody";
  subscriptions_.take_touched(one);
  subscriptions_.take_touched(two);
  EXPECT_EQ(subscriptions_.untouched_head(one, at(0)), first_);
  subscriptions_.touch(std::vector<int>{2});
  subscriptions_.move_head(second_, at(2));
  EXPECT_EQ(subscriptions_.untouched_head(one, at(0)), second_);
  EXPECT_FALSE(subscriptions_.untouched_head(two, at(0)));
}

TEST_F(SubscriptionsTest, GiveNoHeadThatIsOlderThanWhatWasRead) {
  const int member = add(1);
  subscriptions_.take_touched(member);
  subscriptions_.move_head(first_, at(1));
  EXPECT_FALSE(subscriptions_.untouched_head(member, at(1)));
  EXPECT_FALSE(subscriptions_.untouched_head(member, at(2)));
  EXPECT_EQ(subscriptions_.untouched_head(member, at(0)), first_);
}

TEST_F(SubscriptionsTest, AreTouchedAnewWhenTheReaderBeginsAnew) {
  const int member = add(1);
  subscriptions_.take_touched(member);
  subscriptions_.begin(first_, at(1));
  EXPECT_TRUE(subscriptions_.take_touched(member));
}

}  // namespace
}  // namespace syncline::capture

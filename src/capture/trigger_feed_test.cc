#include "capture/trigger_feed.h"

#include <gtest/gtest.h>

#include <optional>

namespace syncline::capture {
namespace {

// Without a server: what a feed knows before it reads.
class TriggerFeedTest : public testing::Test {
 protected:
  static constexpr int kWatch = 3;
  static TimePoint at(int second) { return TimePoint() + std::chrono::seconds(second); }

  void SetUp() override {
    feed_.emplace(TriggerFeed::Parts{sessions_, log_, subscriptions_, {}, stop_}, kWatch,
                  Position("10:10:"), [this] { ++woken_; });
  }

  StopSignal stop_;
  postgres::SessionPool sessions_{SourceSpec(), 1};
  const ChangeLog log_{"syncline", int64_t{1} << 30};
  Subscriptions subscriptions_;
  std::optional<TriggerFeed> feed_;
  int woken_ = 0;
};

TEST_F(TriggerFeedTest, IsTouchedUntilItIsAsked) {
  EXPECT_TRUE(feed_->take_touched());
  EXPECT_FALSE(feed_->take_touched());
  subscriptions_.touch(std::vector<int>{kWatch});
  EXPECT_EQ(woken_, 1);
  EXPECT_TRUE(feed_->take_touched());
}

TEST_F(TriggerFeedTest, FollowsTheHeadWhileNoKeyLiesBeforeIt) {
  feed_->take_touched();
  subscriptions_.move_head(*Snapshot::parse("15:20:15"), at(2));
  EXPECT_FALSE(feed_->follow_head(at(2))) << "read since";
  EXPECT_EQ(feed_->follow_head(at(1)), Position("15:20:15"));
  subscriptions_.touch(std::nullopt);
  EXPECT_FALSE(feed_->follow_head(at(1)));
}

TEST_F(TriggerFeedTest, IsWokenNoMoreWhenItIsGone) {
  feed_.reset();
  subscriptions_.touch(std::nullopt);
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace syncline::capture

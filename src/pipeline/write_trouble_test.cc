#include "pipeline/write_trouble.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

struct TestClock : Clock {
  TimePoint now() const override { return time; }
  int64_t wall_time_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  }
  TimePoint time{std::chrono::hours(1)};
};

TEST(WriteTrouble, StandsFromTheFirstFailureUntilItIsOver) {
  TestClock clock;
  WriteTrouble trouble(clock);
  EXPECT_FALSE(trouble.current());
  const int64_t first = clock.wall_time_us();
  trouble.failed(Error::retry("one", "503"));
  clock.time += WriteTrouble::kStands - std::chrono::seconds(1);
  trouble.failed(Error::retry("two", "503"));
  clock.time += WriteTrouble::kStands - std::chrono::seconds(1);
  ASSERT_TRUE(trouble.current());
  EXPECT_EQ(trouble.current()->error.message, "two");
  EXPECT_EQ(trouble.current()->since_us, first);
  trouble.over();
  EXPECT_FALSE(trouble.current());
}

TEST(WriteTrouble, IsNotKnownWhenNothingFailedForLong) {
  TestClock clock;
  WriteTrouble trouble(clock);
  trouble.failed(Error::retry("one", "503"));
  clock.time += WriteTrouble::kStands;
  EXPECT_FALSE(trouble.current());
  trouble.failed(Error::retry("two", "503"));
  EXPECT_EQ(trouble.current()->since_us, clock.wall_time_us());
}

}  // namespace
}  // namespace syncline

#include "lanes/write_trouble.h"

#include <gtest/gtest.h>

#include "base/manual_clock_for_test.h"

namespace syncline::lanes {
namespace {

TEST(WriteTrouble, StandsFromTheFirstFailureUntilItIsOver) {
  ManualClock clock;
  WriteTrouble trouble(clock);
  EXPECT_FALSE(trouble.current());
  const int64_t first = clock.wall_time_us();
  trouble.failed(Error::retry("one", Origin::cluster, "503"));
  clock.advance(WriteTrouble::kStands - std::chrono::seconds(1));
  trouble.failed(Error::retry("two", Origin::cluster, "503"));
  clock.advance(WriteTrouble::kStands - std::chrono::seconds(1));
  ASSERT_TRUE(trouble.current());
  EXPECT_EQ(trouble.current()->error.message, "two");
  EXPECT_EQ(trouble.current()->since_us, first);
  trouble.over();
  EXPECT_FALSE(trouble.current());
}

TEST(WriteTrouble, IsNotKnownWhenNothingFailedForLong) {
  ManualClock clock;
  WriteTrouble trouble(clock);
  trouble.failed(Error::retry("one", Origin::cluster, "503"));
  clock.advance(WriteTrouble::kStands);
  EXPECT_FALSE(trouble.current());
  trouble.failed(Error::retry("two", Origin::cluster, "503"));
  EXPECT_EQ(trouble.current()->since_us, clock.wall_time_us());
}

}  // namespace
}  // namespace syncline::lanes

#include "index/bulk_concurrency.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/manual_clock_for_test.h"

namespace syncline::index {
namespace {

using std::chrono::milliseconds;

constexpr size_t kBig = size_t{8} << 20;
constexpr size_t kSmall = 1000;

class BulkConcurrencyTest : public testing::Test {
 protected:
  // Takes a slot or queues; notes what was granted.
  std::optional<BulkConcurrency::Ticket> acquire(size_t bytes) {
    const auto grant = [this, bytes] {
      granted_.push_back(bytes);
      ++under_way_;
    };
    auto ticket = concurrency_.acquire(bytes, grant);
    if (!ticket) grant();
    return ticket;
  }

  // Some rounds of a cluster that works on so many bodies at once and is kept busy with big ones.
  void run(int rounds, int cluster_parallel, Duration latency = milliseconds(100)) {
    for (int waiting = 0; waiting < BulkConcurrency::kLimitMax;) waiting += acquire(kBig) ? 1 : 0;
    for (int round = 0; round < rounds; ++round) {
      const int parallel = under_way_;
      const double slower = std::max(1.0, static_cast<double>(parallel) / cluster_parallel);
      const Duration took = std::chrono::duration_cast<Duration>(latency * slower);
      clock_.advance(took);
      under_way_ = 0;
      for (int i = 0; i < parallel; ++i) {
        acquire(kBig);
        concurrency_.release(kBig, BulkVerdict::taken, took);
      }
    }
  }

  ManualClock clock_;
  BulkConcurrency concurrency_{clock_};
  std::vector<size_t> granted_;
  int under_way_ = 0;
};

TEST_F(BulkConcurrencyTest, StartsWithTwoAndQueuesTheThird) {
  EXPECT_FALSE(acquire(kBig));
  EXPECT_FALSE(acquire(kBig));
  EXPECT_TRUE(acquire(kBig));
  EXPECT_EQ(granted_.size(), 2U);
  concurrency_.release(kBig, BulkVerdict::taken, milliseconds(1));
  EXPECT_EQ(granted_.size(), 3U);
}

TEST_F(BulkConcurrencyTest, SmallBodiesPassTwoOverTheLimit) {
  acquire(kBig);
  acquire(kBig);
  EXPECT_TRUE(acquire(kBig));
  EXPECT_FALSE(acquire(kSmall));
  EXPECT_FALSE(acquire(kSmall));
  EXPECT_TRUE(acquire(kSmall));
  // The slot of a small one is for the next small one; the big one goes on waiting.
  concurrency_.release(kSmall, BulkVerdict::taken, milliseconds(1));
  EXPECT_EQ(granted_, (std::vector<size_t>{kBig, kBig, kSmall, kSmall, kSmall}));
}

TEST_F(BulkConcurrencyTest, SmallBodiesDoNotStarveBigOnes) {
  for (int i = 0; i < 4; ++i) acquire(kSmall);
  EXPECT_TRUE(acquire(kBig));
  EXPECT_TRUE(acquire(kSmall));
  concurrency_.release(kSmall, BulkVerdict::taken, milliseconds(1));
  EXPECT_EQ(granted_.back(), kBig) << "it came first";
}

TEST_F(BulkConcurrencyTest, CancelledTicketIsNeverGranted) {
  acquire(kBig);
  acquire(kBig);
  const auto ticket = acquire(kBig);
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(concurrency_.cancel(*ticket));
  EXPECT_FALSE(concurrency_.cancel(*ticket));
  concurrency_.release(kBig, BulkVerdict::taken, milliseconds(1));
  EXPECT_EQ(granted_.size(), 2U);
}

TEST_F(BulkConcurrencyTest, RisesWhileThroughputRisesAndStopsThere) {
  run(200, 6);
  EXPECT_GE(concurrency_.limit(), 5);
  EXPECT_LE(concurrency_.limit(), 7);
  for (int i = 0; i < 100; ++i) {
    run(10, 6);
    ASSERT_LE(concurrency_.limit(), 8) << "more brings nothing";
  }
}

TEST_F(BulkConcurrencyTest, NeverLeavesItsRange) {
  run(400, 1000);
  EXPECT_EQ(concurrency_.limit(), BulkConcurrency::kLimitMax);
  for (int i = 0; i < 10; ++i) {
    clock_.advance(BulkConcurrency::kWindow);
    concurrency_.release(kBig, BulkVerdict::overloaded, milliseconds(1));
  }
  EXPECT_EQ(concurrency_.limit(), 1);
}

TEST_F(BulkConcurrencyTest, OverloadHalvesOnceForRequestsRefusedTogether) {
  run(400, 1000);
  for (int i = 0; i < 16; ++i) concurrency_.release(kBig, BulkVerdict::overloaded, milliseconds(1));
  EXPECT_EQ(concurrency_.limit(), 8);
}

TEST_F(BulkConcurrencyTest, RisingLatencyWithoutThroughputLowersIt) {
  run(40, 1000);
  const int before = concurrency_.limit();
  run(10, 1000, milliseconds(400));
  EXPECT_LT(concurrency_.limit(), before);
}

TEST_F(BulkConcurrencyTest, IdleTargetTeachesNothing) {
  for (int i = 0; i < 100; ++i) {
    acquire(kSmall);
    clock_.advance(milliseconds(300));
    concurrency_.release(kSmall, BulkVerdict::taken, milliseconds(3));
  }
  EXPECT_EQ(concurrency_.limit(), BulkConcurrency::kLimitStart);
}

}  // namespace
}  // namespace syncline::index

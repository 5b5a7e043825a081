#include "lanes/load_checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace syncline::lanes {
namespace {

using Reached = LoadCheckpoint::Reached;

TEST(LoadCheckpoint, BeginsWhereItIsToldTo) {
  LoadCheckpoint checkpoint;
  checkpoint.begin({7, 70});
  EXPECT_EQ(checkpoint.reached(), (Reached{7, 70}));
  EXPECT_EQ(checkpoint.bodies(), 0u);
}

TEST(LoadCheckpoint, MovesWithoutAGapInWhateverOrderAnswersCome) {
  std::vector<size_t> order = {0, 1, 2, 3};
  do {
    LoadCheckpoint checkpoint;
    checkpoint.begin({0, 0});
    std::vector<uint64_t> tags;
    for (int64_t body = 1; body <= 4; ++body)
      tags.push_back(checkpoint.submitted({body * 10, body * 100}));
    std::vector<bool> answered(4, false);
    for (const size_t body : order) {
      const Reached before = checkpoint.reached();
      const bool moved = checkpoint.acknowledged(tags[body]);
      answered[body] = true;
      const auto gap = std::find(answered.begin(), answered.end(), false) - answered.begin();
      EXPECT_EQ(checkpoint.reached(), (Reached{gap * 10, gap * 100}));
      EXPECT_EQ(moved, checkpoint.reached() != before);
      EXPECT_EQ(checkpoint.bodies(), static_cast<size_t>(4 - gap));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

// The answer of a body of an earlier COPY says nothing about this one.
TEST(LoadCheckpoint, ForgetsTheBodiesOfAnEarlierCopy) {
  LoadCheckpoint checkpoint;
  checkpoint.begin({0, 0});
  const uint64_t old = checkpoint.submitted({5, 50});
  checkpoint.begin({2, 20});
  const uint64_t now = checkpoint.submitted({3, 30});
  EXPECT_FALSE(checkpoint.acknowledged(old));
  EXPECT_EQ(checkpoint.reached(), (Reached{2, 20}));
  EXPECT_TRUE(checkpoint.acknowledged(now));
  EXPECT_EQ(checkpoint.reached(), (Reached{3, 30}));
}

}  // namespace
}  // namespace syncline::lanes

#include "lanes/work_table.h"

#include <gtest/gtest.h>

namespace syncline::lanes {
namespace {

capture::Position at(uint64_t number) {
  return capture::Position(std::to_string(number));
}

class WorkTableTest : public testing::Test {
 protected:
  std::optional<capture::Position> reached(FeedId feed) {
    const auto moved = table_.take_reached(feed);
    return moved ? std::optional(moved->position) : std::nullopt;
  }

  compose::TouchWatch touches_;
  WorkTable table_{touches_};
  const FeedId one_ = table_.open_feed(), two_ = table_.open_feed();
};

TEST_F(WorkTableTest, MovesThePositionWhenEveryDocumentIsDone) {
  const uint64_t batch = table_.begin_batch(one_);
  table_.add(batch, "a");
  table_.add(batch, "b");
  table_.add(batch, "a");
  table_.seal(batch, at(5));
  EXPECT_EQ(table_.take(10), (std::vector<std::string>{"a", "b"}));
  table_.done("a");
  EXPECT_FALSE(reached(one_));
  table_.done("b");
  EXPECT_EQ(reached(one_), at(5));
  EXPECT_FALSE(reached(one_));
  EXPECT_TRUE(table_.feed_is_clear(one_));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(WorkTableTest, TellsWhoeverWatchesOfWhatIsTouched) {
  const uint64_t batch = table_.begin_batch(one_);
  table_.add(batch, "a");
  touches_.watch({"a", "b"});
  table_.add(batch, "b");
  table_.add(batch, "c");
  EXPECT_FALSE(touches_.touched("a"));
  EXPECT_TRUE(touches_.touched("b"));
  EXPECT_FALSE(touches_.touched("c"));
  touches_.watch({"b"});
  EXPECT_FALSE(touches_.touched("b"));
  table_.add(batch, "b");
  EXPECT_TRUE(touches_.touched("b"));
  touches_.watch({});
  EXPECT_FALSE(touches_.touched("b"));
}

TEST_F(WorkTableTest, AnEmptyBatchMovesAtOnce) {
  table_.seal(table_.begin_batch(one_), at(9));
  EXPECT_EQ(reached(one_), at(9));
}

TEST_F(WorkTableTest, ADocumentTouchedWhileUnderWayIsComposedOnceMore) {
  const uint64_t first = table_.begin_batch(one_);
  table_.add(first, "a");
  table_.seal(first, at(1));
  ASSERT_EQ(table_.take(10).size(), 1u);
  const uint64_t second = table_.begin_batch(one_);
  table_.add(second, "a");
  table_.seal(second, at(2));
  EXPECT_TRUE(table_.take(10).empty()) << "two_ compositions of one_ document at a time";
  table_.done("a");
  EXPECT_EQ(reached(one_), at(1));
  EXPECT_EQ(table_.take(10), (std::vector<std::string>{"a"}));
  table_.done("a");
  EXPECT_EQ(reached(one_), at(2));
}

TEST_F(WorkTableTest, OneCompositionServesAllBatchesThatWaitForIt) {
  for (uint64_t i = 1; i <= 3; ++i) {
    const uint64_t batch = table_.begin_batch(one_);
    table_.add(batch, "a");
    table_.seal(batch, at(i));
  }
  EXPECT_EQ(table_.take(10).size(), 1u);
  table_.done("a");
  EXPECT_EQ(reached(one_), at(3));
}

TEST_F(WorkTableTest, AgainKeepsThePositionBack) {
  const uint64_t first = table_.begin_batch(one_);
  table_.add(first, "a");
  table_.seal(first, at(1));
  table_.take(1);
  const uint64_t second = table_.begin_batch(one_);
  table_.add(second, "a");
  table_.seal(second, at(2));
  table_.again("a");
  EXPECT_FALSE(reached(one_));
  EXPECT_EQ(table_.take(10).size(), 1u);
  table_.done("a");
  EXPECT_EQ(reached(one_), at(2));
}

TEST_F(WorkTableTest, FeedsDoNotWaitForEachOther) {
  const uint64_t slow = table_.begin_batch(one_);
  table_.add(slow, "a");
  table_.seal(slow, at(1));
  const uint64_t quick = table_.begin_batch(two_);
  table_.add(quick, "b");
  table_.seal(quick, at(7));
  table_.take(10);
  table_.done("b");
  EXPECT_EQ(reached(two_), at(7));
  EXPECT_FALSE(reached(one_));
  EXPECT_FALSE(table_.feed_is_clear(one_));
}

TEST_F(WorkTableTest, ABatchInPiecesMovesWithItsLast) {
  const uint64_t piece = table_.begin_batch(one_);
  table_.add(piece, "a");
  table_.seal(piece, std::nullopt);
  const uint64_t last = table_.begin_batch(one_);
  table_.add(last, "b");
  table_.seal(last, at(3));
  table_.take(10);
  table_.done("b");
  EXPECT_FALSE(reached(one_));
  table_.done("a");
  EXPECT_EQ(reached(one_), at(3));
}

TEST_F(WorkTableTest, UrgentDocumentsOvertakePatientOnes) {
  const uint64_t slow = table_.begin_batch(two_, WorkTable::Haste::patient);
  table_.add(slow, "a");
  table_.add(slow, "b");
  table_.seal(slow, std::nullopt);
  const uint64_t fast = table_.begin_batch(one_);
  table_.add(fast, "c");
  table_.add(fast, "b");
  table_.seal(fast, std::nullopt);
  EXPECT_EQ(table_.waiting(), 3U);
  EXPECT_EQ(table_.take(10), (std::vector<std::string>{"c", "b"}));
  EXPECT_EQ(table_.take(10), (std::vector<std::string>{"a"}));
  EXPECT_EQ(table_.waiting(), 0U);
  table_.done("b");
  table_.done("c");
  EXPECT_TRUE(table_.feed_is_clear(one_));
  EXPECT_FALSE(table_.feed_is_clear(two_));
  table_.done("a");
  EXPECT_TRUE(table_.feed_is_clear(two_));
  EXPECT_TRUE(table_.take(10).empty());
}

}  // namespace
}  // namespace syncline::lanes

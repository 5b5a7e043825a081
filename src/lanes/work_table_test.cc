#include "lanes/work_table.h"

#include <gtest/gtest.h>

namespace syncline::lanes {
namespace {

capture::Position at(uint64_t number) {
  return capture::Position(std::to_string(number));
}

std::optional<capture::Position> reached(WorkTable& table, FeedId feed) {
  const auto moved = table.take_reached(feed);
  return moved ? std::optional(moved->position) : std::nullopt;
}

TEST(WorkTable, MovesThePositionWhenEveryDocumentIsDone) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const uint64_t batch = table.begin_batch(one);
  table.add(batch, "a");
  table.add(batch, "b");
  table.add(batch, "a");
  table.seal(batch, at(5));
  EXPECT_EQ(table.take(10), (std::vector<std::string>{"a", "b"}));
  table.done("a");
  EXPECT_FALSE(reached(table, one));
  table.done("b");
  EXPECT_EQ(reached(table, one), at(5));
  EXPECT_FALSE(reached(table, one));
  EXPECT_TRUE(table.feed_is_clear(one));
  EXPECT_EQ(table.size(), 0u);
}

TEST(WorkTable, TellsWhoeverWatchesOfWhatIsTouched) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const uint64_t batch = table.begin_batch(one);
  table.add(batch, "a");
  touches.watch({"a", "b"});
  table.add(batch, "b");
  table.add(batch, "c");
  EXPECT_FALSE(touches.touched("a"));
  EXPECT_TRUE(touches.touched("b"));
  EXPECT_FALSE(touches.touched("c"));
  touches.watch({"b"});
  EXPECT_FALSE(touches.touched("b"));
  table.add(batch, "b");
  EXPECT_TRUE(touches.touched("b"));
  touches.watch({});
  EXPECT_FALSE(touches.touched("b"));
}

TEST(WorkTable, AnEmptyBatchMovesAtOnce) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  table.seal(table.begin_batch(one), at(9));
  EXPECT_EQ(reached(table, one), at(9));
}

TEST(WorkTable, ADocumentTouchedWhileUnderWayIsComposedOnceMore) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const uint64_t first = table.begin_batch(one);
  table.add(first, "a");
  table.seal(first, at(1));
  ASSERT_EQ(table.take(10).size(), 1u);
  const uint64_t second = table.begin_batch(one);
  table.add(second, "a");
  table.seal(second, at(2));
  EXPECT_TRUE(table.take(10).empty()) << "two compositions of one document at a time";
  table.done("a");
  EXPECT_EQ(reached(table, one), at(1));
  EXPECT_EQ(table.take(10), (std::vector<std::string>{"a"}));
  table.done("a");
  EXPECT_EQ(reached(table, one), at(2));
}

TEST(WorkTable, OneCompositionServesAllBatchesThatWaitForIt) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  for (uint64_t i = 1; i <= 3; ++i) {
    const uint64_t batch = table.begin_batch(one);
    table.add(batch, "a");
    table.seal(batch, at(i));
  }
  EXPECT_EQ(table.take(10).size(), 1u);
  table.done("a");
  EXPECT_EQ(reached(table, one), at(3));
}

TEST(WorkTable, AgainKeepsThePositionBack) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const uint64_t first = table.begin_batch(one);
  table.add(first, "a");
  table.seal(first, at(1));
  table.take(1);
  const uint64_t second = table.begin_batch(one);
  table.add(second, "a");
  table.seal(second, at(2));
  table.again("a");
  EXPECT_FALSE(reached(table, one));
  EXPECT_EQ(table.take(10).size(), 1u);
  table.done("a");
  EXPECT_EQ(reached(table, one), at(2));
}

TEST(WorkTable, FeedsDoNotWaitForEachOther) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const FeedId two = table.open_feed();
  const uint64_t slow = table.begin_batch(one);
  table.add(slow, "a");
  table.seal(slow, at(1));
  const uint64_t quick = table.begin_batch(two);
  table.add(quick, "b");
  table.seal(quick, at(7));
  table.take(10);
  table.done("b");
  EXPECT_EQ(reached(table, two), at(7));
  EXPECT_FALSE(reached(table, one));
  EXPECT_FALSE(table.feed_is_clear(one));
}

TEST(WorkTable, ABatchInPiecesMovesWithItsLast) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const uint64_t piece = table.begin_batch(one);
  table.add(piece, "a");
  table.seal(piece, std::nullopt);
  const uint64_t last = table.begin_batch(one);
  table.add(last, "b");
  table.seal(last, at(3));
  table.take(10);
  table.done("b");
  EXPECT_FALSE(reached(table, one));
  table.done("a");
  EXPECT_EQ(reached(table, one), at(3));
}

TEST(WorkTable, UrgentDocumentsOvertakePatientOnes) {
  compose::TouchWatch touches;
  WorkTable table(touches);
  const FeedId one = table.open_feed();
  const FeedId two = table.open_feed();
  const uint64_t slow = table.begin_batch(two, WorkTable::Haste::patient);
  table.add(slow, "a");
  table.add(slow, "b");
  table.seal(slow, std::nullopt);
  const uint64_t fast = table.begin_batch(one);
  table.add(fast, "c");
  table.add(fast, "b");
  table.seal(fast, std::nullopt);
  EXPECT_EQ(table.waiting(), 3U);
  EXPECT_EQ(table.take(10), (std::vector<std::string>{"c", "b"}));
  EXPECT_EQ(table.take(10), (std::vector<std::string>{"a"}));
  EXPECT_EQ(table.waiting(), 0U);
  table.done("b");
  table.done("c");
  EXPECT_TRUE(table.feed_is_clear(one));
  EXPECT_FALSE(table.feed_is_clear(two));
  table.done("a");
  EXPECT_TRUE(table.feed_is_clear(two));
  EXPECT_TRUE(table.take(10).empty());
}

}  // namespace
}  // namespace syncline::lanes

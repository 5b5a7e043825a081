#include "capture/position.h"

#include <gtest/gtest.h>

namespace syncline::capture {
namespace {

TEST(Position, ReadsAndWritesSnapshots) {
  for (const char* text :
       {"10:10:", "10:20:10,15", "1:2:1", "18446744073709551614:18446744073709551614:"}) {
    const auto position = Position::parse(text);
    ASSERT_TRUE(position) << text;
    EXPECT_EQ(position->text(), text);
  }
  for (const char* text : {"", "10", "10:20", "10:20:a", "10:20:1;2", "x:1:"})
    EXPECT_FALSE(Position::parse(text)) << text;
}

TEST(Position, SeesWhatHadFinished) {
  const Position position = *Position::parse("10:20:10,15");
  EXPECT_TRUE(position.sees(9));
  EXPECT_FALSE(position.sees(10));
  EXPECT_TRUE(position.sees(11));
  EXPECT_FALSE(position.sees(15));
  EXPECT_TRUE(position.sees(19));
  EXPECT_FALSE(position.sees(20));
}

TEST(Position, CoversOneThatSeesNoMore) {
  const Position position = *Position::parse("10:20:10,15");
  EXPECT_TRUE(position.covers(position));
  EXPECT_TRUE(Position::parse("20:20:")->covers(position));
  EXPECT_TRUE(Position::parse("15:30:15,25")->covers(position));
  EXPECT_FALSE(Position::parse("12:30:12,15")->covers(position));
  EXPECT_FALSE(Position::parse("10:19:10,15")->covers(position));
}

TEST(Position, AdvancesPartOfTheWay) {
  const Position before = *Position::parse("10:20:10,15");
  const Position now = *Position::parse("15:40:15,25,35");
  EXPECT_EQ(before.advanced_to(now, 30).text(), "15:30:15,25");
  EXPECT_EQ(before.advanced_to(now, 20).text(), "15:20:15");
  EXPECT_EQ(before.advanced_to(now, 100), now);
}

TEST(Position, AddsOneTransactionThatWasInProgress) {
  const Position before = *Position::parse("10:20:10,15");
  EXPECT_EQ(before.with(10).text(), "15:20:15");
  EXPECT_EQ(before.with(15).text(), "10:20:10");
  EXPECT_EQ(before.with(12), before);
}

}  // namespace
}  // namespace syncline::capture

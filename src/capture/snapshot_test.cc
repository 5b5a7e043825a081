#include "capture/snapshot.h"

#include <gtest/gtest.h>

namespace syncline::capture {
namespace {

TEST(Snapshot, ReadsAndWritesSnapshots) {
  for (const char* text :
       {"10:10:", "10:20:10,15", "1:2:1", "18446744073709551614:18446744073709551614:"}) {
    const auto snapshot = Snapshot::parse(text);
    ASSERT_TRUE(snapshot) << text;
    EXPECT_EQ(snapshot->text(), text);
  }
  for (const char* text : {"", "10", "10:20", "10:20:a", "10:20:1;2", "x:1:"})
    EXPECT_FALSE(Snapshot::parse(text)) << text;
}

TEST(Snapshot, IsWhatAPositionSays) {
  const Snapshot snapshot = *Snapshot::parse("10:20:10,15");
  EXPECT_EQ(snapshot.position(), Position("10:20:10,15"));
  EXPECT_EQ(Snapshot::of(snapshot.position()), snapshot);
  EXPECT_FALSE(Snapshot::of(Position()).sees(1)) << "nothing is skipped";
}

TEST(Snapshot, SeesWhatHadFinished) {
  const Snapshot snapshot = *Snapshot::parse("10:20:10,15");
  EXPECT_TRUE(snapshot.sees(9));
  EXPECT_FALSE(snapshot.sees(10));
  EXPECT_TRUE(snapshot.sees(11));
  EXPECT_FALSE(snapshot.sees(15));
  EXPECT_TRUE(snapshot.sees(19));
  EXPECT_FALSE(snapshot.sees(20));
}

TEST(Snapshot, CoversOneThatSeesNoMore) {
  const Snapshot snapshot = *Snapshot::parse("10:20:10,15");
  EXPECT_TRUE(snapshot.covers(snapshot));
  EXPECT_TRUE(Snapshot::parse("20:20:")->covers(snapshot));
  EXPECT_TRUE(Snapshot::parse("15:30:15,25")->covers(snapshot));
  EXPECT_FALSE(Snapshot::parse("12:30:12,15")->covers(snapshot));
  EXPECT_FALSE(Snapshot::parse("10:19:10,15")->covers(snapshot));
}

TEST(Snapshot, AdvancesPartOfTheWay) {
  const Snapshot before = *Snapshot::parse("10:20:10,15");
  const Snapshot now = *Snapshot::parse("15:40:15,25,35");
  EXPECT_EQ(before.advanced_to(now, 30).text(), "15:30:15,25");
  EXPECT_EQ(before.advanced_to(now, 20).text(), "15:20:15");
  EXPECT_EQ(before.advanced_to(now, 100), now);
}

TEST(Snapshot, AddsOneTransactionThatWasInProgress) {
  const Snapshot before = *Snapshot::parse("10:20:10,15");
  EXPECT_EQ(before.with(10).text(), "15:20:15");
  EXPECT_EQ(before.with(15).text(), "10:20:10");
  EXPECT_EQ(before.with(12), before);
}

}  // namespace
}  // namespace syncline::capture

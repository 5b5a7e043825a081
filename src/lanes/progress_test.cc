#include "lanes/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace syncline::lanes {
namespace {

capture::Position at(uint64_t number) {
  return capture::Position(std::to_string(number));
}

// A store that says what was made durable, and fails when it is told to.
struct Disk {
  std::vector<capture::Position> saved;
  bool fails = false;

  Progress::Store store() {
    return [this](const capture::Position& position) -> Status {
      if (fails) return Error::retry("the database is away");
      saved.push_back(position);
      return {};
    };
  }
};

TEST(Progress, SavesWhatIsDoneOnce) {
  Disk disk;
  Progress progress(disk.store());
  progress.read(1);
  EXPECT_FALSE(progress.unsaved());
  ASSERT_TRUE(progress.save().ok());
  EXPECT_TRUE(disk.saved.empty());
  ASSERT_TRUE(progress.done({1, at(5)}).ok());
  EXPECT_TRUE(progress.unsaved());
  ASSERT_TRUE(progress.save().ok());
  ASSERT_TRUE(progress.save().ok());
  EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(5)});
  EXPECT_FALSE(progress.unsaved());
}

TEST(Progress, StoresTheNewestAlone) {
  Disk disk;
  Progress progress(disk.store());
  progress.read(3);
  ASSERT_TRUE(progress.done({1, at(5)}).ok());
  ASSERT_TRUE(progress.done({3, at(9)}).ok());
  ASSERT_TRUE(progress.save().ok());
  EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(9)});
}

TEST(Progress, AnErrorMovesNothingAndIsTriedAgain) {
  Disk disk;
  Progress progress(disk.store());
  progress.read(1);
  ASSERT_TRUE(progress.done({1, at(5)}).ok());
  disk.fails = true;
  EXPECT_FALSE(progress.save().ok());
  EXPECT_TRUE(progress.unsaved());
  disk.fails = false;
  ASSERT_TRUE(progress.save().ok());
  EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(5)});
}

TEST(Progress, RefusesWhatWasNeverReadOrLiesBehind) {
  Disk disk;
  Progress progress(disk.store());
  progress.read(2);
  EXPECT_EQ(progress.done({3, at(7)}).error().action, Action::bug);
  ASSERT_TRUE(progress.done({2, at(5)}).ok());
  EXPECT_EQ(progress.done({1, at(4)}).error().action, Action::bug);
  ASSERT_TRUE(progress.save().ok());
  EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(5)});
}

// Three batches of one log that share documents, whose answers come one document at a time in every
// order: after each answer exactly that position is stored up to which all documents are done.
class EveryOrder : public testing::Test {
 protected:
  const std::vector<std::vector<std::string>> batches_ = {{"a", "b"}, {"b", "c"}, {"d", "a"}};
  const std::vector<std::string> ids_ = {"a", "b", "c", "d"};

  // `again`: the document whose first answer says: compose again.
  void play(const std::vector<std::string>& order, const std::string& again) {
    compose::TouchWatch touches;
    WorkTable table(touches);
    const FeedId feed = table.open_feed();
    Disk disk;
    Progress progress(disk.store());
    for (size_t i = 0; i < batches_.size(); ++i) {
      const uint64_t batch = table.begin_batch(feed);
      progress.read(batch);
      for (const std::string& id : batches_[i]) table.add(batch, id);
      table.seal(batch, at(i + 1));
    }
    ASSERT_EQ(table.take(10).size(), ids_.size());
    std::set<std::string> done;
    for (const std::string& id : order) {
      if (id == again) {
        table.again(id);
        expect_saved(table, feed, progress, disk, done);
        ASSERT_EQ(table.take(10), std::vector<std::string>{id});
      }
      table.done(id);
      done.insert(id);
      expect_saved(table, feed, progress, disk, done);
    }
    EXPECT_TRUE(table.feed_is_clear(feed));
  }

  void expect_saved(WorkTable& table, FeedId feed, Progress& progress, const Disk& disk,
                    const std::set<std::string>& done) const {
    if (auto reached = table.take_reached(feed)) {
      ASSERT_TRUE(progress.done(*std::move(reached)).ok());
    }
    ASSERT_TRUE(progress.save().ok());
    uint64_t wanted = 0;
    while (wanted < batches_.size() && is_done(batches_[wanted], done)) ++wanted;
    const capture::Position nowhere = at(0);
    EXPECT_EQ(disk.saved.empty() ? nowhere : disk.saved.back(), at(wanted));
  }

  static bool is_done(const std::vector<std::string>& batch, const std::set<std::string>& done) {
    return std::all_of(batch.begin(), batch.end(),
                       [&](const std::string& id) { return done.contains(id); });
  }
};

TEST_F(EveryOrder, MovesThePositionJustWhenAllBeforeItIsDone) {
  std::vector<std::string> order = ids_;
  int orders = 0;
  do {
    ++orders;
    play(order, "");
    for (const std::string& again : ids_) play(order, again);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 24);
}

// A document touched by a later batch while its composition is under way has to be composed once
// more before that batch may end, whatever the order of the other answers.
TEST_F(EveryOrder, ALaterTouchIsNotAnsweredByTheEarlierComposition) {
  for (const bool other_first : {true, false}) {
    compose::TouchWatch touches;
    WorkTable table(touches);
    const FeedId feed = table.open_feed();
    Disk disk;
    Progress progress(disk.store());
    const auto batch = [&](const std::vector<std::string>& ids, uint64_t position) {
      const uint64_t number = table.begin_batch(feed);
      progress.read(number);
      for (const std::string& id : ids) table.add(number, id);
      table.seal(number, at(position));
    };
    const auto save = [&] {
      if (auto reached = table.take_reached(feed)) {
        ASSERT_TRUE(progress.done(*std::move(reached)).ok());
      }
      ASSERT_TRUE(progress.save().ok());
    };
    batch({"a"}, 1);
    ASSERT_EQ(table.take(10), std::vector<std::string>{"a"});
    batch({"a", "b"}, 2);
    ASSERT_EQ(table.take(10), std::vector<std::string>{"b"});
    if (other_first) table.done("b");
    table.done("a");
    save();
    EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(1)});
    if (!other_first) table.done("b");
    save();
    EXPECT_EQ(disk.saved, std::vector<capture::Position>{at(1)});
    ASSERT_EQ(table.take(10), std::vector<std::string>{"a"});
    table.done("a");
    save();
    EXPECT_EQ(disk.saved, (std::vector<capture::Position>{at(1), at(2)}));
  }
}

}  // namespace
}  // namespace syncline::lanes

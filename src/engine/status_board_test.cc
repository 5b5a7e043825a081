#include "engine/status_board.h"

#include <gtest/gtest.h>

#include "base/manual_clock_for_test.h"

namespace syncline::engine {
namespace {

class StatusBoardTest : public testing::Test {
 protected:
  StatusBoardTest() {
    config_.target.name = "search";
    config_.index = "orders";
    for (const char* name : {"lines", "orders"}) {
      JobConfig job;
      job.spec.name = name;
      job.spec.source = "shop";
      config_.jobs.push_back(job);
    }
    config_.sources["shop"].name = "shop";
  }

  void run(PlanProgress progress = {true, false, false}) {
    board_.set_running({}, compose::Shape(), progress);
    for (const JobConfig& job : config_.jobs) {
      capture::LoadProgress load;
      load.finished_us = 7;
      board_.loading(job.spec.name, load);
    }
  }

  JobState state(const std::string& job = "orders") { return board_.show(job).state; }

  ManualClock clock_;
  PlanConfig config_;
  lanes::WriteTrouble writes_{clock_};
  StatusBoard board_{config_, writes_, clock_};
};

TEST_F(StatusBoardTest, AJobIsLiveWhenItIsLoadedAndSwept) {
  EXPECT_EQ(state(), JobState::starting);
  run({true, true, true});
  EXPECT_EQ(state(), JobState::loading);
  EXPECT_TRUE(board_.is_loading());
  board_.loaded();
  EXPECT_FALSE(board_.is_loading());
  EXPECT_EQ(state(), JobState::loading);
  EXPECT_FALSE(board_.live_since());
  board_.swept(3);
  EXPECT_EQ(state(), JobState::live);
  EXPECT_EQ(board_.show("orders").unowned, 3);
  EXPECT_EQ(board_.live_since(), 7);
}

TEST_F(StatusBoardTest, ASweepForATruncateLeavesItLiveWithALag) {
  run();
  board_.sweep_due();
  EXPECT_EQ(state(), JobState::live);
  EXPECT_TRUE(board_.show("orders").sweep_due);
  EXPECT_FALSE(board_.live_since());
  board_.swept(0);
  EXPECT_FALSE(board_.show("orders").sweep_due);
  EXPECT_TRUE(board_.live_since());
}

TEST_F(StatusBoardTest, TroubleStandsFromItsFirstErrorUntilItRunsAgain) {
  run();
  const int64_t first = clock_.wall_time_us();
  board_.set_trouble(Error::retry("away", Origin::cluster, "503"));
  clock_.advance(std::chrono::seconds(9));
  board_.set_trouble(Error::retry("still away", Origin::cluster, "503"));
  const auto shown = board_.show("orders");
  EXPECT_EQ(shown.state, JobState::waiting);
  EXPECT_EQ(shown.error->message, "still away");
  EXPECT_EQ(shown.error->since_us, first);
  run();
  EXPECT_EQ(state(), JobState::live);
  EXPECT_FALSE(board_.show("orders").error);
}

TEST_F(StatusBoardTest, TheOthersWaitForTheJobAtFault) {
  board_.set_trouble(Error::needs_person("no column", Origin::database, "42703").blaming("lines"));
  EXPECT_EQ(state("lines"), JobState::failed);
  EXPECT_EQ(board_.show("lines").error->kind, "table");
  EXPECT_EQ(state("orders"), JobState::waiting);
  EXPECT_EQ(board_.show("orders").error->kind, "other_job");
}

// A plan that runs again has not written yet.
TEST_F(StatusBoardTest, WritesThatFailAreTroubleOfAPlanThatRuns) {
  run();
  const int64_t first = clock_.wall_time_us();
  writes_.failed(Error::retry("a shard is away", Origin::cluster, "503"));
  EXPECT_EQ(state(), JobState::waiting);
  EXPECT_FALSE(board_.live_since());
  clock_.advance(std::chrono::seconds(5));
  board_.set_trouble(Error::retry("a shard is away", Origin::cluster, "503"));
  EXPECT_EQ(board_.show("orders").error->since_us, first);
  run();
  EXPECT_EQ(state(), JobState::waiting);
  writes_.over();
  EXPECT_EQ(state(), JobState::live);
}

TEST_F(StatusBoardTest, ALagThatCannotBeCountedStaysAsItWas) {
  board_.set_lag("orders", {5, true, 100});
  board_.set_lag("orders", {0, false, std::nullopt});
  const JobLag lag = board_.show("orders").lag;
  EXPECT_EQ(lag.changes, 5);
  EXPECT_FALSE(lag.counted);
  EXPECT_EQ(lag.counted_at_us, 100);
}

TEST_F(StatusBoardTest, WhatIsRecalledDoesNotReplaceWhatIsKnown) {
  JobView stored;
  stored.watch = 3;
  stored.reached = capture::Position();
  board_.recalled("orders", stored);
  EXPECT_EQ(board_.view("orders").watch, 3);
  stored.watch = 4;
  board_.recalled("orders", stored);
  EXPECT_EQ(board_.view("orders").watch, 3);
}

}  // namespace
}  // namespace syncline::engine

#include "engine/job_state.h"

#include <gtest/gtest.h>

namespace syncline::engine {
namespace {

const Error kAway = Error::retry("no route", Origin::database, "08001");
const Error kFailed = Error::needs_person("grant it", Origin::database, "42501");

TEST(JobStateTable, SaysWhatAJobIsDoing) {
  const JobFacts fresh{"a", false, false}, loaded{"a", false, true}, paused{"a", true, true};
  const PlanProgress idle{}, running{true, false, false}, loading{true, true, false},
      sweeping{true, false, true};
  const struct {
    JobFacts job;
    PlanProgress plan;
    std::optional<Trouble> trouble;
    JobState wanted;
  } cases[] = {
      {fresh, idle, {}, JobState::starting},
      {loaded, idle, {}, JobState::starting},
      {fresh, running, {}, JobState::loading},
      {loaded, running, {}, JobState::live},
      {loaded, loading, {}, JobState::loading},
      {loaded, sweeping, {}, JobState::loading},
      {paused, running, {}, JobState::paused},
      {paused, running, Trouble{kFailed, "a", 0}, JobState::paused},
      {loaded, running, Trouble{kAway, "", 0}, JobState::waiting},
      {loaded, running, Trouble{kAway, "a", 0}, JobState::waiting},
      {loaded, running, Trouble{kAway, "b", 0}, JobState::waiting},
      {loaded, running, Trouble{kFailed, "", 0}, JobState::failed},
      {loaded, running, Trouble{kFailed, "a", 0}, JobState::failed},
      {loaded, running, Trouble{kFailed, "b", 0}, JobState::waiting},
      {fresh, idle, Trouble{kFailed, "a", 0}, JobState::failed},
      {loaded, running, Trouble{Error::bug("ours"), "", 0}, JobState::failed},
      {loaded, running, Trouble{Error::stop(), "", 0}, JobState::waiting},
  };
  int number = 0;
  for (const auto& one : cases)
    EXPECT_EQ(state_of(one.job, one.plan, one.trouble), one.wanted) << "case " << number++;
}

TEST(JobStateTable, TellsTheErrorOfTheJobOrOfTheOneItWaitsFor) {
  const JobFacts job{"a", false, true};
  EXPECT_FALSE(error_of(job, std::nullopt, "db"));
  EXPECT_FALSE(error_of({"a", true, true}, Trouble{kAway, "", 7}, "db"));

  const auto own = error_of(job, Trouble{kAway, "a", 7}, "db");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->kind, "source_unreachable");
  EXPECT_EQ(own->message, "source db: no route");
  EXPECT_EQ(own->since_us, 7);

  EXPECT_EQ(error_of(job, Trouble{kAway, "", 0}, "")->message, "no route");
  const Error named = Error::retry("source db: no route", Origin::database, "08001");
  EXPECT_EQ(error_of(job, Trouble{named, "", 0}, "db")->message, "source db: no route");
  const Error red = Error::retry("red", Origin::cluster, "503");
  EXPECT_EQ(error_of(job, Trouble{red, "", 0}, "db")->message, "red");

  const auto other = error_of(job, Trouble{kFailed, "b", 0}, "db");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->kind, "other_job");
  EXPECT_EQ(other->message, "waiting for job b of the same index: grant it");
}

}  // namespace
}  // namespace syncline::engine

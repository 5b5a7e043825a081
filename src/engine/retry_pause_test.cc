#include "engine/retry_pause.h"

#include <gtest/gtest.h>

#include <vector>

namespace syncline::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Run {
  Error error;
  Duration lasted;
  Duration wanted;
};

void expect_pauses(const std::vector<Run>& runs) {
  RetryPause pause;
  for (size_t i = 0; i < runs.size(); ++i)
    EXPECT_EQ(pause.after(runs[i].error, runs[i].lasted), runs[i].wanted) << i;
}

TEST(RetryPause, GrowsToItsLimit) {
  const Error away = Error::retry("away"), failed = Error::needs_person("mend it");
  expect_pauses({{away, seconds(0), milliseconds(100)},
                 {away, seconds(0), milliseconds(200)},
                 {away, seconds(0), milliseconds(400)},
                 {away, seconds(0), milliseconds(800)},
                 {away, seconds(0), milliseconds(1600)},
                 {away, seconds(0), seconds(3)},
                 {away, seconds(0), seconds(3)}});
  expect_pauses({{failed, seconds(0), seconds(3)},
                 {failed, seconds(0), seconds(6)},
                 {failed, seconds(0), seconds(12)},
                 {failed, seconds(0), seconds(24)},
                 {failed, seconds(0), seconds(48)},
                 {failed, seconds(0), seconds(60)},
                 {failed, seconds(0), seconds(60)}});
}

TEST(RetryPause, BeginsAnewAfterARunThatLasted) {
  const Error away = Error::retry("away"), failed = Error::needs_person("mend it");
  expect_pauses({{away, seconds(0), milliseconds(100)},
                 {away, seconds(6), milliseconds(200)},
                 {away, seconds(7), milliseconds(100)},
                 {failed, seconds(0), seconds(3)},
                 {failed, seconds(120), seconds(6)},
                 {failed, seconds(121), seconds(3)}});
}

TEST(RetryPause, TroubleOfOneKindDoesNotLengthenTheOther) {
  const Error away = Error::retry("away"), failed = Error::needs_person("mend it");
  expect_pauses({{failed, seconds(0), seconds(3)},
                 {away, seconds(0), milliseconds(100)},
                 {Error::bug("ours"), seconds(0), seconds(6)},
                 {Error::stop(), seconds(0), milliseconds(200)}});
}

}  // namespace
}  // namespace syncline::engine

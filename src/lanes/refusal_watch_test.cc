#include "lanes/refusal_watch.h"

#include <gtest/gtest.h>

#include "base/manual_clock_for_test.h"

namespace syncline::lanes {
namespace {

using std::chrono::seconds;

std::vector<retry::ParkedDocument> refused(size_t count,
                                           const std::string& reason = "why 'value'") {
  retry::ParkedDocument document;
  document.type = "bad";
  document.reason = reason;
  return std::vector(count, document);
}

struct Step {
  int after_s;
  int64_t written;
  size_t refused;
  bool warns;
};

TEST(RefusalWatch, WarnsWhileMostOfTheLastMinuteWereRefused) {
  const std::vector<std::vector<Step>> stories = {
      {{0, 0, 0, false}},
      {{0, 0, 1, true}, {70, 0, 0, false}},  // one alone: for a minute
      {{0, 0, 500, true},
       {50, 0, 0, true},
       {3000, 0, 0, true}},  // many: until something is written
      {{0, 0, 500, true}, {3000, 1, 0, false}},
      {{0, 500, 500, false}, {1, 0, 1, true}, {1, 1, 0, false}},
      {{0, 500, 0, false}, {59, 0, 499, false}, {20, 0, 1, true}},
      {{0, 0, 500, true}, {30, 300, 0, true}, {1, 300, 0, false}},
      {{0, 0, 500, true}, {90, 0, 3, true}, {30, 4, 0, false}},
  };
  for (size_t story = 0; story < stories.size(); ++story) {
    ManualClock clock;
    RefusalWatch watch(clock);
    for (size_t i = 0; i < stories[story].size(); ++i) {
      const Step& step = stories[story][i];
      clock.advance(seconds(step.after_s));
      watch.take(step.written, refused(step.refused));
      EXPECT_EQ(watch.warning().has_value(), step.warns) << "story " << story << " step " << i;
    }
  }
}

TEST(RefusalWatch, NamesTheReasonMetMostWithoutValues) {
  ManualClock clock;
  RefusalWatch watch(clock);
  watch.take(2, refused(3, "field [n]: 'abc'"));
  clock.advance(seconds(10));
  watch.take(0, refused(2, "field [n]: 'xyz'"));
  watch.take(0, refused(4, "another"));
  EXPECT_EQ(watch.warning(),
            "9 of the last 11 documents were refused and are parked; the reason met most: bad: "
            "field [n]: '…'");
}

TEST(RefusalWatch, ReasonsAreBounded) {
  ManualClock clock;
  RefusalWatch watch(clock);
  watch.take(0, refused(2, "the first"));
  for (int i = 0; i < 10'000; ++i) watch.take(0, refused(1, "number " + std::to_string(i)));
  EXPECT_NE(watch.warning()->find("the first"), std::string::npos);
}

}  // namespace
}  // namespace syncline::lanes

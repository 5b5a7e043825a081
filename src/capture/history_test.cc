#include "capture/history.h"

#include <gtest/gtest.h>

namespace syncline::capture {
namespace {

TEST(History, IsLostWhereTheDatabaseIsAnotherOrHasFewerTransactions) {
  EXPECT_FALSE(lost_history({"7:1:5", 900, "", ""}, {"7:1:5", 900, "", ""}));
  EXPECT_FALSE(lost_history({"7:1:5", 900, "", ""}, {"7:1:5", 901, "", ""}));
  EXPECT_TRUE(lost_history({"7:1:5", 900, "", ""}, {"7:1:5", 899, "", ""}));
  EXPECT_TRUE(lost_history({"7:1:5", 900, "", ""}, {"7:2:5", 1000, "", ""}));
}

TEST(History, IsLostWithAMarkThatWasNotRememberedLast) {
  const DatabaseHistory before{"7:1:5", 900, "b", "c"};
  EXPECT_FALSE(lost_history(before, {"7:1:5", 1000, "b", ""}));
  EXPECT_FALSE(lost_history(before, {"7:1:5", 1000, "c", ""})) << "set, and not yet remembered";
  EXPECT_TRUE(lost_history(before, {"7:1:5", 1000, "a", ""}));
  EXPECT_TRUE(lost_history(before, {"7:1:5", 1000, "d", ""})) << "a copy that others went on with";
  EXPECT_FALSE(lost_history(before, {"7:1:5", 1000, "", ""})) << "our schema was dropped";
  EXPECT_FALSE(lost_history({"7:1:5", 900, "", ""}, {"7:1:5", 1000, "d", ""}))
      << "by an earlier release";
}

}  // namespace
}  // namespace syncline::capture

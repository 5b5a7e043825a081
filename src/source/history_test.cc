#include "source/history.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(History, IsLostWhereTheDatabaseIsAnotherOrHasFewerTransactions) {
  EXPECT_FALSE(lost_history({"7:1:5", 900}, {"7:1:5", 900}));
  EXPECT_FALSE(lost_history({"7:1:5", 900}, {"7:1:5", 901}));
  EXPECT_TRUE(lost_history({"7:1:5", 900}, {"7:1:5", 899}));
  EXPECT_TRUE(lost_history({"7:1:5", 900}, {"7:2:5", 1000}));
  EXPECT_FALSE(lost_history({"7:1:5", 900, 8}, {"7:1:5", 1000, 9}));
  EXPECT_TRUE(lost_history({"7:1:5", 900, 8}, {"7:1:5", 1000, 7}));
  EXPECT_FALSE(lost_history({"7:1:5", 900, 8}, {"7:1:5", 1000, 0})) << "our schema was dropped";
}

}  // namespace
}  // namespace syncline

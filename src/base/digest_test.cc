#include "base/digest.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace syncline {
namespace {

TEST(Digest, TellsTextsApart) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = "column " + std::to_string(i);
    EXPECT_EQ(digest(text), digest(text));
    EXPECT_EQ(digest(text).size(), 32u);
    seen.insert(digest(text));
  }
  EXPECT_EQ(seen.size(), 10'000u);
  EXPECT_NE(digest("ab"), digest("ba"));
  EXPECT_NE(digest(""), digest(std::string(1, '\0')));
}

}  // namespace
}  // namespace syncline

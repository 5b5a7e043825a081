#include "compose/page_size.h"

#include <gtest/gtest.h>

namespace syncline::compose {
namespace {

TEST(PageSizeTest, FollowsWhatDocumentsWeigh) {
  PageSize page(1000);
  EXPECT_EQ(page.documents(), 1000u);
  for (int i = 0; i < 100; ++i) page.learn(10 * (1 << 20), 10);
  EXPECT_EQ(page.documents(), 4u);
  for (int i = 0; i < 100; ++i) page.learn(100 << 20, 1);
  EXPECT_EQ(page.documents(), 1u);
}

TEST(PageSizeTest, HalvesWhereAPageWasTooLarge) {
  PageSize page(1000);
  page.too_many(1000);
  EXPECT_EQ(page.documents(), 500u);
  page.too_many(500);
  page.too_many(800);
  EXPECT_EQ(page.documents(), 250u);
  page.too_many(1);
  EXPECT_EQ(page.documents(), 1u);
}

// A long run of deleted rows weighs nothing at all: the mean once went below what a division bears,
// and documents were composed one by one.
TEST(PageSizeTest, NothingButDeletedRowsFillsWholePages) {
  PageSize page(1000);
  for (int i = 0; i < 100'000; ++i) page.learn(0, 1000);
  EXPECT_EQ(page.documents(), 1000u);
}

}  // namespace
}  // namespace syncline::compose

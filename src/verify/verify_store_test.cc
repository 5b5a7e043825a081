#include "verify/verify_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace syncline::verify {
namespace {

class VerifyStoreTest : public testing::Test {
 protected:
  VerifyStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "syncline_XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    open();
  }
  ~VerifyStoreTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    store_.reset();
    auto opened = VerifyStore::open((folder_ / "verify.db").string());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }

  std::filesystem::path folder_;
  std::unique_ptr<VerifyStore> store_;
};

VerifyReport done_report() {
  VerifyReport report;
  report.state = VerifyReport::State::done;
  report.checked = 7;
  report.extra = 1;
  report.samples = {{Difference::Kind::extra, "x", "", "{\"a\":1}"}};
  report.ended_us = 5;
  return report;
}

TEST_F(VerifyStoreTest, KeepsARequestOverARestart) {
  EXPECT_FALSE(store_->request("t/i"));
  EXPECT_FALSE(store_->report("t/i"));
  ASSERT_TRUE(store_->ask("t/i", true).ok());
  open();
  ASSERT_TRUE(store_->request("t/i"));
  EXPECT_TRUE(store_->request("t/i")->repair);
  EXPECT_EQ(store_->report("t/i")->state, VerifyReport::State::waiting);
  EXPECT_FALSE(store_->request("t/other"));
}

TEST_F(VerifyStoreTest, KeepsTheLastReportOverARestart) {
  ASSERT_TRUE(store_->ask("t/i", false).ok());
  ASSERT_TRUE(store_->end("t/i", store_->request("t/i")->number, done_report()).ok());
  open();
  EXPECT_FALSE(store_->request("t/i"));
  const auto report = store_->report("t/i");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->state, VerifyReport::State::done);
  EXPECT_EQ(report->checked, 7);
  EXPECT_EQ(report->differences(), 1);
  ASSERT_EQ(report->samples.size(), 1u);
  EXPECT_EQ(report->samples[0].kind, Difference::Kind::extra);
  EXPECT_EQ(report->samples[0].id, "x");
  EXPECT_EQ(report->samples[0].found, "{\"a\":1}");
  EXPECT_EQ(store_->ended_us("t/i"), 5);
}

TEST_F(VerifyStoreTest, ANewerRequestIsNotEndedByAnOlderOne) {
  ASSERT_TRUE(store_->ask("t/i", false).ok());
  const uint64_t older = store_->request("t/i")->number;
  ASSERT_TRUE(store_->ask("t/i", true).ok());
  store_->progress("t/i", older, done_report());
  ASSERT_TRUE(store_->end("t/i", older, done_report()).ok());
  EXPECT_TRUE(store_->request("t/i")->repair);
  EXPECT_EQ(store_->report("t/i")->state, VerifyReport::State::waiting);
}

TEST_F(VerifyStoreTest, ForgetsPlansThatAreGone) {
  ASSERT_TRUE(store_->ask("t/i", false).ok());
  ASSERT_TRUE(store_->ask("t/j", false).ok());
  ASSERT_TRUE(store_->forget([](const std::string& plan) { return plan == "t/i"; }).ok());
  open();
  EXPECT_FALSE(store_->report("t/i"));
  EXPECT_TRUE(store_->report("t/j"));
}

}  // namespace
}  // namespace syncline::verify

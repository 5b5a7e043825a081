#include "base/log.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(MaskValues, CutsQuotedTextOut) {
  EXPECT_EQ(mask_values("failed to parse field [n]. Preview of field's value: 'secret'"),
            "failed to parse field [n]. Preview of field's value: '…'");
  EXPECT_EQ(mask_values("For input string: \"secret 'word'\" at 1"),
            "For input string: \"…\" at 1");
  EXPECT_EQ(mask_values("can't merge a non object"), "can't merge a non object");
  EXPECT_EQ(mask_values("'never closed: secret"), "'…");
  EXPECT_EQ(mask_values(""), "");
}

TEST(MaskValues, IsBounded) {
  EXPECT_LE(mask_values(std::string(5000, 'x')).size(), 500u);
}

TEST(Log, KeepsSecretsToItself) {
  configure_log("info");
  hide_in_log("correct horse", "me");
  hide_in_log("");
  testing::internal::CaptureStderr();
  spdlog::info("the proxy says: {} {}", "correct horse", "Basic bWU6Y29ycmVjdCBob3JzZQ==");
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("the proxy says: ******** Basic ********\n"), std::string::npos) << logged;
  EXPECT_NE(logged.find("info"), std::string::npos);
}

}  // namespace
}  // namespace syncline

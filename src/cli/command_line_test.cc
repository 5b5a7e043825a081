#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <sstream>
#include <vector>

#include "cli/signals.h"
#include "cli/stop_deadline.h"

namespace syncline::cli {
namespace {

using testing::HasSubstr;

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kVariables) ::unsetenv(name);
  }
  void TearDown() override { SetUp(); }

  std::variant<Command, int> read(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "syncline");
    out_.str("");
    err_.str("");
    return read_command_line(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }
  ServeOptions serve(const std::vector<const char*>& arguments) {
    const auto command = read(arguments);
    EXPECT_TRUE(std::holds_alternative<Command>(command)) << err_.str();
    return std::get<ServeOptions>(std::get<Command>(command));
  }
  void expect_exit(const std::vector<const char*>& arguments, int code) {
    const auto command = read(arguments);
    ASSERT_TRUE(std::holds_alternative<int>(command));
    EXPECT_EQ(std::get<int>(command), code);
  }

  static constexpr std::array<const char*, 4> kVariables = {"PORT", "SYNCLINE_DATA_DIR",
                                                            "SYNCLINE_API_TOKEN", "SYNCLINE_LOG"};
  std::ostringstream out_, err_;
};

TEST_F(CommandLineTest, Defaults) {
  const ServeOptions options = serve({"serve"});
  EXPECT_EQ(options.port, 5461);
  EXPECT_EQ(options.listen, "127.0.0.1");
  EXPECT_EQ(options.data_dir, "./data");
  EXPECT_EQ(options.log_level, "info");
  EXPECT_EQ(options.token, "");
}

TEST_F(CommandLineTest, EnvironmentThenOptions) {
  ::setenv("PORT", "7000", 1);
  ::setenv("SYNCLINE_DATA_DIR", "/srv/a", 1);
  ::setenv("SYNCLINE_API_TOKEN", "t", 1);
  ::setenv("SYNCLINE_LOG", "debug", 1);
  ServeOptions options = serve({"serve"});
  EXPECT_EQ(options.port, 7000);
  EXPECT_EQ(options.data_dir, "/srv/a");
  EXPECT_EQ(options.token, "t");
  EXPECT_EQ(options.log_level, "debug");
  options = serve({"serve", "--port", "0", "--data-dir", "b", "--listen", "::1"});
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.data_dir, "b");
  EXPECT_EQ(options.listen, "::1");
}

TEST_F(CommandLineTest, Uninstall) {
  const auto command = read({"uninstall", "shop", "--data-dir", "d"});
  ASSERT_TRUE(std::holds_alternative<Command>(command)) << err_.str();
  const auto& options = std::get<UninstallOptions>(std::get<Command>(command));
  EXPECT_EQ(options.source, "shop");
  EXPECT_EQ(options.data_dir, "d");
  expect_exit({"uninstall"}, kExitUsage);
}

TEST_F(CommandLineTest, FaultsInUsage) {
  expect_exit({}, kExitUsage);
  expect_exit({"sing"}, kExitUsage);
  expect_exit({"serve", "--port", "x"}, kExitUsage);
  expect_exit({"serve", "--port", "65536"}, kExitUsage);
  expect_exit({"serve", "--port"}, kExitUsage);
  expect_exit({"serve", "more"}, kExitUsage);
  EXPECT_FALSE(err_.str().empty());
  ::setenv("PORT", "http", 1);
  expect_exit({"serve"}, kExitUsage);
  ::unsetenv("PORT");
  ::setenv("SYNCLINE_LOG", "loud", 1);
  expect_exit({"serve"}, kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("SYNCLINE_LOG"));
}

TEST_F(CommandLineTest, HelpAndVersion) {
  expect_exit({"--version"}, kExitDone);
  EXPECT_THAT(out_.str(), HasSubstr(kVersion));
  expect_exit({"--help"}, kExitDone);
  EXPECT_THAT(out_.str(), HasSubstr("serve"));
  expect_exit({"serve", "--help"}, kExitDone);
  EXPECT_THAT(out_.str(), HasSubstr("--data-dir"));
}

TEST(StopSignals, AreWaitedFor) {
  const StopSignals signals;
  for (const auto& [number, name] : {std::pair{SIGTERM, "SIGTERM"}, std::pair{SIGINT, "SIGINT"}}) {
    std::raise(number);
    EXPECT_STREQ(signals.wait(), name);
  }
  std::raise(SIGPIPE);
}

TEST(StopDeadline, ExpiresOnlyWhenItIsLate) {
  std::promise<void> expired;
  {
    StopDeadline late(std::chrono::milliseconds(1), [&] { expired.set_value(); });
    EXPECT_EQ(expired.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  bool called = false;
  {
    StopDeadline in_time(std::chrono::hours(1), [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace syncline::cli

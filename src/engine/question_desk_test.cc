#include "engine/question_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <vector>

namespace syncline::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(QuestionDeskTest, AnswersWithWhatWasAskedAfterTheCall) {
  std::atomic<int> asked = 0;
  QuestionDesk desk([&](const std::string& subject) { asked += subject == "a" ? 1 : 100; });
  EXPECT_TRUE(desk.ask("a", minutes(1)));
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(desk.ask("b", minutes(1)));
  EXPECT_EQ(asked, 101);
}

TEST(QuestionDeskTest, DoesNotLetAnybodyWaitLonger) {
  std::promise<void> may_go_on;
  std::shared_future<void> go_on = may_go_on.get_future().share();
  QuestionDesk desk([&](const std::string&) { go_on.wait(); });
  EXPECT_FALSE(desk.ask("a", milliseconds(20)));
  // From now on nobody waits, whatever they ask for.
  EXPECT_FALSE(desk.ask("b", milliseconds(1)));
  may_go_on.set_value();
  EXPECT_TRUE(desk.ask("b", minutes(1)));
}

TEST(QuestionDeskTest, AnAnswerThatWasUnderWayIsTooOldForWhoComesLater) {
  std::latch first_began(1);
  std::promise<void> may_go_on;
  std::shared_future<void> go_on = may_go_on.get_future().share();
  std::atomic<int> asked = 0;
  QuestionDesk desk([&](const std::string&) {
    if (asked++ == 0) first_began.count_down();
    go_on.wait();
  });
  auto early = std::async(std::launch::async, [&] { return desk.ask("a", minutes(1)); });
  first_began.wait();
  std::vector<std::future<bool>> late;
  for (int i = 0; i < 4; ++i)
    late.push_back(std::async(std::launch::async, [&] { return desk.ask("a", minutes(1)); }));
  may_go_on.set_value();
  EXPECT_TRUE(early.get());
  for (auto& one : late) EXPECT_TRUE(one.get());
  EXPECT_GE(asked, 2);
}

TEST(QuestionDeskTest, EndsWhileSomethingIsAsked) {
  std::promise<void> may_go_on;
  std::shared_future<void> go_on = may_go_on.get_future().share();
  auto desk = std::make_unique<QuestionDesk>([&](const std::string&) { go_on.wait(); });
  EXPECT_FALSE(desk->ask("a", milliseconds(1)));
  EXPECT_FALSE(desk->ask("b", milliseconds(0)));
  may_go_on.set_value();
  desk.reset();
}

}  // namespace
}  // namespace syncline::engine

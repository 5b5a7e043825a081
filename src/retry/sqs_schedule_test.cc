#include "retry/sqs_schedule.h"

#include <gtest/gtest.h>

#include <deque>

#include "retry/parked_folder_for_test.h"

namespace syncline::retry {

using std::chrono::seconds;
using Ids = std::vector<std::string>;

// A queue in memory, for what a real one does not do on demand: lose a message, fail, deliver
// twice.
class FakeQueue final : public MessageQueue {
 public:
  struct Message {
    std::string body;
    std::string receipt;
    int64_t visible_at_us = 0;
  };

  explicit FakeQueue(const Clock& clock) : clock_(clock) {}

  Result<std::vector<bool>> send(const std::vector<OutgoingMessage>& sent) override {
    if (broken) return Error::retry("broken");
    for (const OutgoingMessage& message : sent) {
      messages.push_back({message.body, "", clock_.wall_time_us() + us(message.delay_s)});
      delays.push_back(message.delay_s);
    }
    return std::vector<bool>(sent.size(), true);
  }
  Result<std::vector<ReceivedMessage>> receive(int) override {
    if (broken) return Error::retry("broken");
    std::vector<ReceivedMessage> received;
    for (Message& message : messages) {
      if (message.visible_at_us > clock_.wall_time_us() || received.size() == kBatchMax) continue;
      message.receipt = "r" + std::to_string(++receipts_);
      message.visible_at_us = clock_.wall_time_us() + us(30);
      received.push_back({message.body, message.receipt});
    }
    return received;
  }
  Status hide(const std::vector<HiddenMessage>& hidden) override {
    if (broken) return Error::retry("broken");
    for (const HiddenMessage& hide : hidden) {
      for (Message& message : messages) {
        if (message.receipt == hide.receipt)
          message.visible_at_us = clock_.wall_time_us() + us(hide.seconds);
      }
    }
    return {};
  }
  Status remove(const std::vector<std::string>& removed) override {
    if (broken) return Error::retry("broken");
    for (const std::string& receipt : removed) {
      std::erase_if(messages, [&](const Message& message) { return message.receipt == receipt; });
    }
    return {};
  }
  void cancel() override {}

  bool broken = false;
  std::deque<Message> messages;
  std::vector<int> delays;

 private:
  static int64_t us(int64_t s) { return s * 1'000'000; }
  const Clock& clock_;
  int receipts_ = 0;
};

class SqsScheduleTest : public testing::Test {
 protected:
  void SetUp() override { make(); }
  void make() {
    schedule_.reset();
    store_.reset();
    store_ = folder_.open();
    auto queue = std::make_unique<FakeQueue>(clock_);
    if (queue_ != nullptr) queue->messages = queue_messages_;
    queue_ = queue.get();
    auto list = MessageList::open(*store_);
    ASSERT_TRUE(list.ok());
    schedule_.reset(
        new SqsSchedule(*store_, std::move(queue), clock_, "me", std::move(list).value()));
  }
  void restart() {
    queue_messages_ = queue_->messages;
    make();
  }
  void park(const Ids& ids, const std::string& plan = "t/a") {
    std::vector<ParkedDocument> documents;
    for (const std::string& id : ids) documents.push_back(refused(plan, id, clock_));
    ASSERT_TRUE(store_->add(documents).ok());
  }
  void succeed(const std::string& id) { ASSERT_TRUE(store_->remove("t/a", {id}).ok()); }
  void work() { schedule_->note(schedule_->work()); }
  Ids due(const std::string& plan = "t/a") { return *schedule_->take_due(plan, 100); }
  void advance(int s) { clock_.advance(seconds(s)); }

  ParkedFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ParkedStore> store_;
  FakeQueue* queue_ = nullptr;
  std::deque<FakeQueue::Message> queue_messages_;
  std::unique_ptr<SqsSchedule> schedule_;
};

TEST_F(SqsScheduleTest, AMessageGoesRoundUntilTheDocumentSucceeds) {
  park({"1"});
  work();
  ASSERT_EQ(queue_->messages.size(), 1u);
  EXPECT_EQ(queue_->delays, std::vector<int>{60});
  work();
  EXPECT_EQ(due(), Ids());
  advance(60);
  work();
  EXPECT_EQ(due(), Ids{"1"});
  park({"1"});  // refused again
  advance(119);
  work();
  EXPECT_EQ(due(), Ids());
  advance(9);
  work();
  EXPECT_EQ(due(), Ids{"1"});
  EXPECT_EQ(queue_->messages.size(), 1u);  // the same all the time
  succeed("1");
  work();
  EXPECT_TRUE(queue_->messages.empty());
  EXPECT_EQ(queue_->delays.size(), 1u);
}

TEST_F(SqsScheduleTest, AMessageSaysNothingOfTheDocument) {
  park({"1"});
  work();
  const std::string& body = queue_->messages.front().body;
  const auto read = read_message(body);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->instance, "me");
  EXPECT_EQ(read->plan, "t/a");
  EXPECT_EQ(read->job, "j");
  EXPECT_EQ(read->id, "1");
  EXPECT_EQ(body.find("failed to parse"), std::string::npos);
}

TEST_F(SqsScheduleTest, AHealedDocumentsFirstMessageGoesWhenItComes) {
  park({"1"});
  work();
  succeed("1");
  advance(60);
  work();
  EXPECT_TRUE(queue_->messages.empty());
  EXPECT_EQ(due(), Ids());
}

TEST_F(SqsScheduleTest, ALostMessageIsSentAgainAndAnOldOneSaysNothing) {
  park({"1"});
  work();
  const auto lost = queue_->messages.front();
  queue_->messages.clear();
  advance(60 + 70);
  work();                      // the queue is found empty
  EXPECT_EQ(due(), Ids{"1"});  // the list steps in
  park({"1"});
  work();  // and a new message is sent
  ASSERT_EQ(queue_->messages.size(), 1u);
  queue_->messages.push_back(lost);
  advance(30);
  work();
  ASSERT_EQ(queue_->messages.size(), 1u);
  EXPECT_NE(queue_->messages.front().body, lost.body);
}

TEST_F(SqsScheduleTest, TheListGoesOnWhileTheQueueIsBroken) {
  queue_->broken = true;
  park({"1"});
  work();
  advance(60);
  EXPECT_EQ(due(), Ids{"1"});
  park({"1"});
  queue_->broken = false;
  work();
  ASSERT_EQ(queue_->messages.size(), 1u);
  EXPECT_EQ(queue_->delays, std::vector<int>{120});
}

TEST_F(SqsScheduleTest, WhatABrokenQueueDidNotDeleteIsDeletedLater) {
  park({"1"});
  work();
  advance(60);
  work();
  EXPECT_EQ(due(), Ids{"1"});
  queue_->broken = true;
  succeed("1");
  work();
  restart();
  EXPECT_EQ(queue_->messages.size(), 1u);
  work();
  EXPECT_TRUE(queue_->messages.empty());
}

TEST_F(SqsScheduleTest, StrangersAreLeftAlone) {
  queue_->messages.push_back({"hello", "", 0});
  queue_->messages.push_back({message_text({"another", "t/a", "j", "1", "n"}), "", 0});
  queue_->messages.push_back({R"({"syncline": 1})", "", 0});
  park({"1"});
  work();
  work();
  EXPECT_EQ(queue_->messages.size(), 4u);
}

TEST_F(SqsScheduleTest, ALongWaitIsMadeOfADelayAndOfHiding) {
  for (int i = 0; i < 5; ++i) park({"1"});  // next in 16 minutes: more than a delay may be
  work();
  EXPECT_EQ(queue_->delays, std::vector<int>{900});
  advance(900);
  work();
  EXPECT_EQ(due(), Ids());
  advance(59);
  work();
  EXPECT_EQ(due(), Ids());
  advance(1);
  work();
  EXPECT_EQ(due(), Ids{"1"});
}

TEST_F(SqsScheduleTest, WhatIsHastenedDoesNotWaitForItsMessage) {
  park({"1"});
  work();
  ASSERT_TRUE(store_->hasten("t/a", {"1"}).ok());
  EXPECT_EQ(due(), Ids{"1"});
}

TEST_F(SqsScheduleTest, AnIdTooLongForAMessageGoesByTheList) {
  const std::string id(MessageList::kIdBytesMax + 1, 'x');
  park({id});
  work();
  EXPECT_TRUE(queue_->messages.empty());
  advance(60 + 70);
  EXPECT_EQ(due(), Ids{id});
}

TEST_F(SqsScheduleTest, APlanThatTakesNothingOnDoesNotFillTheMemory) {
  Ids ids;
  for (int i = 0; i < 1200; ++i) ids.push_back(std::to_string(i));
  park(ids);
  for (int i = 0; i < 20; ++i) work();
  EXPECT_EQ(queue_->messages.size(), 1200u);
  advance(60);
  for (int i = 0; i < 130; ++i) work();
  EXPECT_EQ(schedule_->take_due("t/a", 5000)->size(), 1000u);
  advance(60);
  for (int i = 0; i < 30; ++i) work();
  EXPECT_EQ(schedule_->take_due("t/a", 5000)->size(), 200u);
}

TEST_F(SqsScheduleTest, ItsThreadStops) {
  auto store = folder_.open();
  auto started = SqsSchedule::start(*store, std::make_unique<FakeQueue>(clock_), clock_, "me");
  ASSERT_TRUE(started.ok());
  (*started)->stop();
}

}  // namespace syncline::retry

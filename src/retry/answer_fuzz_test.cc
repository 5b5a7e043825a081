// No answer of a queue ends the process, nor does a message that a stranger put into it.
#include <gtest/gtest.h>

#include "base/mutation_for_test.h"
#include "retry/parked_message.h"
#include "retry/sqs_queue.h"

namespace syncline::retry {
namespace {

constexpr uint32_t kSeed = 20261127;
constexpr std::chrono::milliseconds kTime{500};
constexpr int kLeast = 300;

TEST(AnswerFuzz, AQueuesAnswersAreUnderstoodOrNot) {
  Mutation answers(
      {R"({"Messages":[{"Body":"b","ReceiptHandle":"r","MessageId":"m"},{"Body":"c"}]})",
       R"({"Successful":[{"Id":"0"},{"Id":"7"}],)"
       R"("Failed":[{"Id":"1","Code":"c","SenderFault":true}]})",
       R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"})",
       "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"},
      kSeed);
  const SystemClock clock;
  SqsOptions options;
  options.queue_url = "http://127.0.0.1:1/1/queue";
  options.region = "us-east-1";
  const auto queue =
      SqsQueue::open(options, clock, [&](const http::PostRequest&) -> Result<http::PostAnswer> {
        return http::PostAnswer{answers.below(4) == 0 ? 400 : 200, answers.next()};
      });
  ASSERT_TRUE(queue.ok());
  repeat_for(kTime, kLeast, [&] {
    const auto received = (*queue)->receive(0);
    const auto sent = (*queue)->send({{"body", 1}, {"other", 2}});
    EXPECT_TRUE(!sent.ok() || sent->size() == 2U);
    static_cast<void>((*queue)->hide({{"r", 1}}).ok());
    static_cast<void>((*queue)->remove({"r", "s"}).ok());
    static_cast<void>(received.ok());
  });
}

TEST(AnswerFuzz, AStrangersMessageIsNone) {
  const ParkedMessage sound{"instance", "search/orders", "orders", "7", "nonce"};
  Mutation messages({message_text(sound)}, kSeed);
  ASSERT_TRUE(read_message(messages.next()));
  repeat_for(kTime, 10 * kLeast, [&] { static_cast<void>(read_message(messages.next())); });
}

}  // namespace
}  // namespace syncline::retry

#include "retry/sqs_queue.h"

#include <gtest/gtest.h>

#include "retry/parked_folder_for_test.h"

namespace syncline::retry {
namespace {

class SqsQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = SqsQueue::open(
        {"https://sqs.example.com:8443/1/q", "eu-west-1", {"AKID", "secret", "tok"}}, clock_,
        [this](const http::PostRequest& request) -> Result<http::PostAnswer> {
          requests_.push_back(request);
          if (answer_.status == 0) return Error::retry("no route");
          return answer_;
        });
    ASSERT_TRUE(opened.ok());
    queue_ = std::move(opened).value();
  }
  void answer(int status, std::string body) { answer_ = {status, std::move(body)}; }
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : requests_.back().headers) {
      if (key == name) return value;
    }
    return "";
  }
  nlohmann::json sent() const { return nlohmann::json::parse(requests_.back().body); }

  ManualClock clock_;
  std::vector<http::PostRequest> requests_;
  http::PostAnswer answer_;
  std::unique_ptr<SqsQueue> queue_;
};

TEST_F(SqsQueueTest, SpeaksTheJsonProtocolAndSigns) {
  answer(200, R"({"Successful": [{"Id": "1"}], "Failed": [{"Id": "0", "SenderFault": true}]})");
  const auto taken = queue_->send({{"a", 60}, {"b", 0}});
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(*taken, (std::vector<bool>{false, true}));
  EXPECT_EQ(requests_.back().url, "https://sqs.example.com:8443/");
  EXPECT_EQ(header("Host"), "sqs.example.com:8443");
  EXPECT_EQ(header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(header("X-Amz-Target"), "AmazonSQS.SendMessageBatch");
  EXPECT_EQ(header("X-Amz-Security-Token"), "tok");
  EXPECT_NE(header("Authorization").find("/eu-west-1/sqs/aws4_request"), std::string::npos);
  EXPECT_EQ(sent()["QueueUrl"], "https://sqs.example.com:8443/1/q");
  EXPECT_EQ(sent()["Entries"][0]["DelaySeconds"], 60);
}

TEST_F(SqsQueueTest, ReceivesWhateverTheAnswerLooksLike) {
  answer(200, R"({"Messages": [{"Body": "b", "ReceiptHandle": "r"}, 5]})");
  const auto received = queue_->receive(20);
  ASSERT_TRUE(received.ok());
  ASSERT_EQ(received->size(), 1u);
  EXPECT_EQ((*received)[0].receipt, "r");
  EXPECT_EQ(sent()["WaitTimeSeconds"], 20);
  EXPECT_GT(requests_.back().timeout, std::chrono::seconds(20));
  for (const char* empty : {"{}", R"({"Messages": []})", ""}) {
    answer(200, empty);
    EXPECT_TRUE(queue_->receive(1)->empty()) << empty;
  }
  answer(200, "<html>");
  EXPECT_FALSE(queue_->receive(1).ok());
}

TEST_F(SqsQueueTest, AReceiptThatIsUnknownIsNoTrouble) {
  answer(200,
         R"({"Failed": [{"Id": "0", "SenderFault": true, "Code": "ReceiptHandleIsInvalid"}]})");
  EXPECT_TRUE(queue_->remove({"r"}).ok());
  EXPECT_TRUE(queue_->hide({{"r", 5}}).ok());
  answer(200, R"({"Failed": [{"Id": "0", "SenderFault": false, "Code": "InternalError"}]})");
  EXPECT_FALSE(queue_->remove({"r"}).ok());
}

TEST_F(SqsQueueTest, ErrorsSayWhatIsWrongAndNoSecret) {
  answer(400, R"({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"})");
  EXPECT_EQ(queue_->receive(1).error().message,
            "ReceiveMessage was answered 400 QueueDoesNotExist: no such queue");
  answer(403, R"({"__type": "x#SignatureDoesNotMatch", "message": "x-amz-security-token:tok"})");
  EXPECT_EQ(queue_->receive(1).error().message,
            "ReceiveMessage was answered 403 SignatureDoesNotMatch");
  answer(403, "<Error><Code>InvalidClientTokenId</Code><Message>AKID</Message></Error>");
  EXPECT_EQ(queue_->receive(1).error().message,
            "ReceiveMessage was answered 403 InvalidClientTokenId");
  answer(0, "");
  EXPECT_EQ(queue_->receive(1).error().message, "ReceiveMessage: no route");
}

TEST_F(SqsQueueTest, TakesOnlyAUrlOfAQueue) {
  for (const char* url : {"", "sqs.example.com/1/q", "https://", "https://host", "ftp://host/1/q",
                          "https://user:password@host/1/q"}) {
    const auto opened = SqsQueue::open({url, "r", {}}, clock_);
    EXPECT_FALSE(opened.ok()) << url;
  }
}

}  // namespace
}  // namespace syncline::retry

// SqsQueue: a queue of Amazon SQS, by its JSON protocol.
//
// Owner: SqsSchedule, whose thread alone uses it; cancel() from any. Each request is signed afresh
// (SigV4); nothing of the credentials reaches an error.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret_mask.h"
#include "http/http_poster.h"
#include "retry/message_queue.h"
#include "retry/sqs_options.h"

namespace syncline::retry {

class SqsQueue final : public MessageQueue {
 public:
  using Post = std::function<Result<http::PostAnswer>(const http::PostRequest&)>;

  // Error: needs_person (the URL is none).
  static Result<std::unique_ptr<SqsQueue>> open(SqsOptions options, const Clock& clock);
  // For tests: with something in the network's place.
  static Result<std::unique_ptr<SqsQueue>> open(SqsOptions options, const Clock& clock, Post post);

  Result<std::vector<bool>> send(const std::vector<OutgoingMessage>& messages) override;
  Result<std::vector<ReceivedMessage>> receive(int wait_s) override;
  Status hide(const std::vector<HiddenMessage>& messages) override;
  Status remove(const std::vector<std::string>& receipts) override;
  void cancel() override;

 private:
  using Json = nlohmann::json;
  struct BatchEntry {
    bool done = false;
    bool senders_fault = false;
    std::string code;
  };

  SqsQueue(SqsOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  Result<Json> call(const std::string& action, Json body, std::chrono::seconds timeout);
  // A batch action: what came of each entry, in their order.
  Result<std::vector<BatchEntry>> call_batch(const std::string& action, Json entries);

  const SqsOptions options_;
  const Clock& clock_;
  std::string endpoint_, host_;  // of the queue's URL
  SecretMask secrets_;           // that an answer may repeat
  std::unique_ptr<http::HttpPoster> poster_;
  Post post_;
};

}  // namespace syncline::retry

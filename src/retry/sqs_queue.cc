#include "retry/sqs_queue.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"

namespace syncline::retry {

namespace {

using nlohmann::json;

constexpr auto kTimeout = std::chrono::seconds(10);  // besides what a long poll waits
// How long a message stays hidden unless we say otherwise: enough to hide it for longer.
constexpr int kVisibilityS = 30;
constexpr const char* kContentType = "application/x-amz-json-1.0";

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const json& list_at(const json& object, const char* key) {
  static const json none = json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

// ASCII alone, so that no character of an id is one that SQS does not take.
std::string ascii(const json& body) {
  return body.dump(-1, ' ', true, json::error_handler_t::replace);
}

// The text between two marks.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const size_t start = from + begin.size();
  return text.substr(start, std::min(text.find(end, start), text.size()) - start);
}

// What SQS says of itself: {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "…"}; what
// refuses a signature may speak XML, and repeats what was signed, the session token included: of
// such an answer only the code is told.
Error refusal(const std::string& action, const http::PostAnswer& answer,
              const SecretMask& secrets) {
  const json body = json::parse(answer.body, nullptr, false);
  std::string reason;
  if (body.is_object()) {
    const std::string type = text_at(body, "__type");
    reason = type.substr(type.find('#') + 1);
    if (answer.status != 403) {
      reason += ": " + text_at(body, body.contains("message") ? "message" : "Message");
    }
  } else {
    reason = between(answer.body, "<Code>", "</Code>");
  }
  const std::string status = std::to_string(answer.status);
  return Error::retry(action + " was answered " + status + " " + mask_values(secrets.mask(reason)));
}

}  // namespace

Result<std::unique_ptr<SqsQueue>> SqsQueue::open(SqsOptions options, const Clock& clock,
                                                 Post post) {
  std::unique_ptr<SqsQueue> queue(new SqsQueue(std::move(options), clock));
  const std::string& url = queue->options_.queue_url;
  const bool known = url.starts_with("https://") || url.starts_with("http://");
  const size_t host = known ? url.find("//") + 2 : 0;
  const size_t path = known ? url.find('/', host) : std::string::npos;
  if (path == std::string::npos || path == host || url.find('@') != std::string::npos) {
    return Error::needs_person(
        "AWS_SQS_URL must be like https://sqs.REGION.amazonaws.com/123/name");
  }
  for (const std::string* secret :
       {&queue->options_.credentials.access_key_id, &queue->options_.credentials.secret_access_key,
        &queue->options_.credentials.session_token})
    queue->secrets_.add(*secret);
  queue->host_ = url.substr(host, path - host);
  queue->endpoint_ = url.substr(0, path) + "/";
  queue->post_ = std::move(post);
  return queue;
}

Result<std::unique_ptr<SqsQueue>> SqsQueue::open(SqsOptions options, const Clock& clock) {
  auto poster = std::make_unique<http::HttpPoster>();
  SYNCLINE_ASSIGN(auto queue, open(std::move(options), clock,
                                   [poster = poster.get()](const http::PostRequest& request) {
                                     return poster->post(request);
                                   }));
  queue->poster_ = std::move(poster);
  return queue;
}

void SqsQueue::cancel() {
  if (poster_) poster_->cancel();
}

Result<SqsQueue::Json> SqsQueue::call(const std::string& action, Json body,
                                      std::chrono::seconds timeout) {
  body["QueueUrl"] = options_.queue_url;
  http::AwsRequest request{
      "POST",
      "/",
      {{"Host", host_}, {"Content-Type", kContentType}, {"X-Amz-Target", "AmazonSQS." + action}},
      ascii(body)};
  http::AwsHeaders headers = request.headers;
  const http::AwsHeaders proof = http::sign_for_aws(
      request, options_.credentials, {options_.region, "sqs"}, clock_.wall_time_us());
  headers.insert(headers.end(), proof.begin(), proof.end());
  auto answer = post_({endpoint_, std::move(headers), std::move(request.body), timeout});
  if (!answer.ok()) return std::move(answer).error().prefixed(action);
  if (answer->status != 200) return refusal(action, *answer, secrets_);
  if (answer->body.empty()) return Json::object();
  Json read = Json::parse(answer->body, nullptr, false);
  if (!read.is_object()) return Error::retry(action + ": the answer was not understood");
  return read;
}

Result<std::vector<SqsQueue::BatchEntry>> SqsQueue::call_batch(const std::string& action,
                                                               Json entries) {
  std::vector<BatchEntry> results(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) entries[i]["Id"] = std::to_string(i);
  SYNCLINE_ASSIGN(const Json answer, call(action, {{"Entries", std::move(entries)}}, kTimeout));
  const auto place = [&](const Json& entry) -> BatchEntry* {
    const std::string id = entry.is_object() ? text_at(entry, "Id") : "";
    size_t at = results.size();
    std::from_chars(id.data(), id.data() + id.size(), at);
    return at < results.size() ? &results[at] : nullptr;
  };
  for (const Json& entry : list_at(answer, "Successful")) {
    if (BatchEntry* const result = place(entry)) result->done = true;
  }
  for (const Json& entry : list_at(answer, "Failed")) {
    if (BatchEntry* const result = place(entry)) {
      result->senders_fault = entry.value("SenderFault", Json(false)) == Json(true);
      result->code = secrets_.mask(text_at(entry, "Code"));
    }
  }
  return results;
}

Result<std::vector<bool>> SqsQueue::send(const std::vector<OutgoingMessage>& messages) {
  Json entries = Json::array();
  for (const OutgoingMessage& message : messages) {
    entries.push_back({{"MessageBody", message.body}, {"DelaySeconds", message.delay_s}});
  }
  SYNCLINE_ASSIGN(const auto results, call_batch("SendMessageBatch", std::move(entries)));
  std::vector<bool> taken;
  for (const BatchEntry& result : results) taken.push_back(result.done);
  return taken;
}

Result<std::vector<ReceivedMessage>> SqsQueue::receive(int wait_s) {
  SYNCLINE_ASSIGN(const Json answer, call("ReceiveMessage",
                                          {{"MaxNumberOfMessages", kBatchMax},
                                           {"WaitTimeSeconds", wait_s},
                                           {"VisibilityTimeout", kVisibilityS}},
                                          kTimeout + std::chrono::seconds(wait_s)));
  std::vector<ReceivedMessage> messages;
  for (const Json& message : list_at(answer, "Messages")) {
    if (!message.is_object()) continue;
    messages.push_back({text_at(message, "Body"), text_at(message, "ReceiptHandle")});
  }
  return messages;
}

Status SqsQueue::hide(const std::vector<HiddenMessage>& messages) {
  Json entries = Json::array();
  for (const HiddenMessage& message : messages) {
    entries.push_back({{"ReceiptHandle", message.receipt}, {"VisibilityTimeout", message.seconds}});
  }
  SYNCLINE_ASSIGN(const auto results,
                  call_batch("ChangeMessageVisibilityBatch", std::move(entries)));
  return {};
}

Status SqsQueue::remove(const std::vector<std::string>& receipts) {
  Json entries = Json::array();
  for (const std::string& receipt : receipts) entries.push_back({{"ReceiptHandle", receipt}});
  SYNCLINE_ASSIGN(const auto results, call_batch("DeleteMessageBatch", std::move(entries)));
  for (const BatchEntry& result : results) {
    if (!result.done && !result.senders_fault) {
      return Error::retry("DeleteMessageBatch: a message could not be deleted: " + result.code);
    }
  }
  return {};
}

}  // namespace syncline::retry

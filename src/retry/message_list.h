// MessageList: what parked.db knows of each document's message in the queue.
//
// Owner: SqsSchedule, whose thread alone uses it; shares the store's connection for writing. A
// message carries a nonce: one that is not the document's own any more says nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "retry/parked_store.h"

namespace syncline::retry {

struct MessageEntry {
  std::string plan, job, id;
  std::string nonce;
  int64_t next_at_us = 0;
  int64_t attempts = 0;
};

// A message that came: the delivery it came with, and when it will turn up again.
struct Delivery {
  std::string plan, id, nonce;
  std::string receipt;
  int64_t turns_up_at_us = 0;
};

class MessageList {
 public:
  // A longer id does not fit into a message: that document goes by the list alone.
  static constexpr size_t kIdBytesMax = 16'000;

  static Result<std::unique_ptr<MessageList>> open(ParkedStore& parked);

  // Documents that need a message: they have none, or theirs should have turned up before
  // `missing_before_us`. Each gets a new nonce, stored before this returns; the message is expected
  // when the document is due, but no later than `latest_at_us`.
  Result<std::vector<MessageEntry>> begin_sending(int64_t missing_before_us, int64_t latest_at_us,
                                                  size_t max);
  // These were not sent after all.
  Status not_sent(const std::vector<MessageEntry>& entries);

  // The document's message, if it is parked.
  Result<std::optional<MessageEntry>> find(const std::string& plan, const std::string& id);
  Status delivered(const std::vector<Delivery>& deliveries);

  // Messages whose documents are not parked any more.
  Result<std::vector<std::string>> ended(size_t max);
  Status forget_ended(const std::vector<std::string>& receipts);

 private:
  explicit MessageList(std::shared_ptr<ParkedDatabase> file) : file_(std::move(file)) {}
  Status prepare();
  Result<std::vector<MessageEntry>> without_message(int64_t missing_before_us, size_t max);
  template <typename Items, typename Change>
  Status change_each(const Items& items, const Change& change);

  std::shared_ptr<ParkedDatabase> file_;
  storage::SqliteStatement without_message_, renew_, leave_out_, not_sent_, find_, delivered_,
      ended_, forget_;
};

}  // namespace syncline::retry

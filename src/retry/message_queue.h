// MessageQueue: the few things that the SQS schedule needs of a queue.
//
// Implemented by SqsQueue; tests put one in memory in its place. Used by one thread, which waits
// for each call; cancel() from any thread. Every error is one to try again later.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace syncline::retry {

struct OutgoingMessage {
  std::string body;
  int delay_s = 0;  // at most kDelayMaxS
};

struct ReceivedMessage {
  std::string body;
  std::string receipt;  // names this delivery of it
};

struct HiddenMessage {
  std::string receipt;
  int seconds = 0;  // from now on; at most kHideMaxS
};

class MessageQueue {
 public:
  static constexpr size_t kBatchMax = 10;
  static constexpr int kDelayMaxS = 900;
  static constexpr int kHideMaxS = 43'200;

  virtual ~MessageQueue() = default;

  // At most kBatchMax. Which of them the queue took.
  virtual Result<std::vector<bool>> send(const std::vector<OutgoingMessage>& messages) = 0;
  // Up to kBatchMax; waits for the first one for so many seconds (0 to 20).
  virtual Result<std::vector<ReceivedMessage>> receive(int wait_s) = 0;
  // At most kBatchMax. A receipt that the queue does not know any more is passed over: its message
  // turns up again by itself, or is gone.
  virtual Status hide(const std::vector<HiddenMessage>& messages) = 0;
  // At most kBatchMax. As above; what the queue could not delete for now is an error.
  virtual Status remove(const std::vector<std::string>& receipts) = 0;

  // Ends a call that waits, and all later ones, with an error.
  virtual void cancel() = 0;
};

}  // namespace syncline::retry

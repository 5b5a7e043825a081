// SqsSchedule: documents are due when their messages turn up in an SQS queue; the list stays the
// local one.
//
// Owner: main. take_due() from any thread; one thread of its own talks to the queue, stop() or the
// destructor joins it. Each parked document has one message there, which says whose it is and
// nothing of the document's data:
//
//   parked → sent with a delay → received → hidden until the next try, document tried →
//     refused again: it turns up then and the round begins anew; ended: deleted by its receipt.
//
// What the queue does not do in time (not reachable, a message lost) the list does: documents that
// are overdue are given from it, and messages that should have turned up are sent again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "retry/local_schedule.h"
#include "retry/message_list.h"
#include "retry/message_queue.h"
#include "retry/parked_message.h"
#include "retry/parked_store.h"
#include "retry/retry_schedule.h"

namespace syncline::retry {

class SqsSchedule final : public RetrySchedule {
 public:
  // Starts the thread. `parked` and `clock` outlive it. instance: whose messages are ours. Error:
  // the list cannot be used.
  static Result<std::unique_ptr<SqsSchedule>> start(ParkedStore& parked,
                                                    std::unique_ptr<MessageQueue> queue,
                                                    const Clock& clock, std::string instance);
  ~SqsSchedule() override;
  void stop();

  Result<std::vector<std::string>> take_due(const std::string& plan, size_t max) override;

 private:
  friend class SqsScheduleTest;  // steps through it without the thread

  SqsSchedule(ParkedStore& parked, std::unique_ptr<MessageQueue> queue, const Clock& clock,
              std::string instance, std::unique_ptr<MessageList> list);

  // The thread's.
  void run();
  Status work();
  Status delete_ended();
  Status send_missing();
  Status send_batch(const std::vector<MessageEntry>& batch);
  Status receive();
  // What one message that came asks for.
  struct Received;
  Status sort(const ReceivedMessage& message, Received& received);
  Status deal_with(const Received& received);
  void report_once(bool& reported, const char* what);
  bool has_room(const std::string& plan);
  void offer(const std::string& plan, const std::string& id);
  void note(const Status& status);
  void pause(std::chrono::milliseconds duration);

  ParkedStore& parked_;
  const std::unique_ptr<MessageQueue> queue_;
  const Clock& clock_;
  const std::string instance_;
  const std::unique_ptr<MessageList> list_;
  LocalSchedule local_;
  // How late a message may be before the list steps in.
  const std::chrono::microseconds patience_;

  // The thread's alone:
  int64_t drained_at_us_ = 0;  // a wait for messages that began then found none
  bool sends_wait_ = false;
  bool trouble_told_ = false;
  bool foreign_reported_ = false, unreadable_reported_ = false;

  std::atomic<bool> reachable_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  // Protected by mutex_:
  std::map<std::string, std::set<std::string>> due_;  // by plan; what the plan has not taken yet
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace syncline::retry

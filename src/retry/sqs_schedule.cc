#include "retry/sqs_schedule.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace syncline::retry {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kSendsAtOnce = 100;     // before looking for messages again
constexpr size_t kDuePerPlanMax = 1000;  // messages taken for a plan that does not take them on
constexpr int kPollMaxS = 20;            // SQS's own bound
constexpr auto kPatienceExtra = seconds(5);
// A message that has been missing for so many first delays is sent again even if the queue never
// ran empty.
constexpr int kLostAfterDelays = 15;
constexpr auto kPauseMin = seconds(1);
constexpr auto kPauseMax = seconds(30);
constexpr auto kStrangersPause = seconds(1);

int whole_seconds(microseconds time, int max) {
  return static_cast<int>(std::clamp<int64_t>(std::chrono::ceil<seconds>(time).count(), 0, max));
}

}  // namespace

// What the messages of one delivery ask for.
struct SqsSchedule::Received {
  std::vector<Delivery> ours;         // to be hidden until they turn up again
  std::vector<size_t> due;            // of those: their documents are to be tried
  std::vector<std::string> outdated;  // receipts of messages whose document has none or another
};

Result<std::unique_ptr<SqsSchedule>> SqsSchedule::start(ParkedStore& parked,
                                                        std::unique_ptr<MessageQueue> queue,
                                                        const Clock& clock, std::string instance) {
  SYNCLINE_ASSIGN(auto list, MessageList::open(parked));
  std::unique_ptr<SqsSchedule> schedule(
      new SqsSchedule(parked, std::move(queue), clock, std::move(instance), std::move(list)));
  schedule->thread_ = std::thread([schedule = schedule.get()] { schedule->run(); });
  return schedule;
}

SqsSchedule::SqsSchedule(ParkedStore& parked, std::unique_ptr<MessageQueue> queue,
                         const Clock& clock, std::string instance,
                         std::unique_ptr<MessageList> list)
    : parked_(parked),
      queue_(std::move(queue)),
      clock_(clock),
      instance_(std::move(instance)),
      list_(std::move(list)),
      local_(parked, clock),
      patience_(parked.delays().first + kPatienceExtra) {}

SqsSchedule::~SqsSchedule() {
  stop();
}

void SqsSchedule::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  queue_->cancel();
  if (thread_.joinable()) thread_.join();
}

Result<std::vector<std::string>> SqsSchedule::take_due(const std::string& plan, size_t max) {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    const auto due = due_.find(plan);
    while (due != due_.end() && !due->second.empty() && ids.size() < max) {
      ids.push_back(std::move(due->second.extract(due->second.begin()).value()));
    }
    if (due != due_.end() && due->second.empty()) due_.erase(due);
  }
  if (ids.size() == max) return ids;
  SYNCLINE_ASSIGN(auto overdue, local_.take_overdue(plan, max - ids.size(),
                                                    reachable_ ? patience_ : microseconds(0)));
  std::move(overdue.begin(), overdue.end(), std::back_inserter(ids));
  return ids;
}

void SqsSchedule::pause(milliseconds duration) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, duration, [this] { return stopping_; });
}

void SqsSchedule::run() {
  milliseconds trouble_pause = kPauseMin;
  for (;;) {
    const Status worked = work();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    note(worked);
    if (worked.ok()) {
      trouble_pause = kPauseMin;
    } else {
      pause(trouble_pause);
      trouble_pause = std::min<milliseconds>(2 * trouble_pause, kPauseMax);
    }
  }
}

// One line when it goes wrong, one when it is right again; the first success needs none.
void SqsSchedule::note(const Status& status) {
  static constexpr const char* kMeanwhile =
      "parked documents are tried by the local list meanwhile";
  const bool was_reachable = reachable_.exchange(status.ok());
  if (!status.ok() && !trouble_told_) {
    spdlog::warn("the SQS queue cannot be used, {}: {}", kMeanwhile, status.error().message);
  } else if (status.ok() && !was_reachable) {
    spdlog::info("the SQS queue carries the retries of parked documents");
  }
  trouble_told_ = !status.ok();
}

Status SqsSchedule::work() {
  SYNCLINE_RETURN_IF_ERROR(delete_ended());
  SYNCLINE_RETURN_IF_ERROR(send_missing());
  return receive();
}

Status SqsSchedule::delete_ended() {
  for (;;) {
    SYNCLINE_ASSIGN(const auto receipts, list_->ended(MessageQueue::kBatchMax));
    if (receipts.empty()) return {};
    SYNCLINE_RETURN_IF_ERROR(queue_->remove(receipts));
    SYNCLINE_RETURN_IF_ERROR(list_->forget_ended(receipts));
  }
}

Status SqsSchedule::send_missing() {
  const int64_t now_us = clock_.wall_time_us();
  const int64_t lost_us = now_us - microseconds(kLostAfterDelays * parked_.delays().first).count();
  const int64_t missing_us = std::max(lost_us, drained_at_us_ - patience_.count());
  const int64_t latest_us = now_us + microseconds(seconds(MessageQueue::kDelayMaxS)).count();
  SYNCLINE_ASSIGN(const auto entries,
                  list_->begin_sending(std::max<int64_t>(missing_us, 1), latest_us, kSendsAtOnce));
  sends_wait_ = entries.size() == kSendsAtOnce;
  for (size_t begin = 0; begin < entries.size(); begin += MessageQueue::kBatchMax) {
    const size_t end = std::min(entries.size(), begin + MessageQueue::kBatchMax);
    const Status sent = send_batch({entries.begin() + static_cast<ptrdiff_t>(begin),
                                    entries.begin() + static_cast<ptrdiff_t>(end)});
    if (sent.ok()) continue;
    SYNCLINE_RETURN_IF_ERROR(
        list_->not_sent({entries.begin() + static_cast<ptrdiff_t>(begin), entries.end()}));
    return sent;
  }
  return {};
}

Status SqsSchedule::send_batch(const std::vector<MessageEntry>& batch) {
  std::vector<OutgoingMessage> messages;
  const int64_t now_us = clock_.wall_time_us();
  for (const MessageEntry& entry : batch) {
    messages.push_back(
        {message_text({instance_, entry.plan, entry.job, entry.id, entry.nonce}),
         whole_seconds(microseconds(entry.next_at_us - now_us), MessageQueue::kDelayMaxS)});
  }
  SYNCLINE_ASSIGN(const std::vector<bool> taken, queue_->send(messages));
  std::vector<MessageEntry> refused;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!taken[i]) refused.push_back(batch[i]);
  }
  if (refused.empty()) return {};
  SYNCLINE_RETURN_IF_ERROR(list_->not_sent(refused));
  return Error::retry("the queue did not take " + std::to_string(refused.size()) + " messages");
}

Status SqsSchedule::receive() {
  const int poll_s =
      std::clamp<int>(static_cast<int>(parked_.delays().first.count()) / 3, 1, kPollMaxS);
  const int64_t began_us = clock_.wall_time_us();
  SYNCLINE_ASSIGN(const auto messages, queue_->receive(sends_wait_ ? 0 : poll_s));
  if (messages.empty()) {
    // Only a wait asks all of the queue's servers.
    if (!sends_wait_) drained_at_us_ = began_us;
    return {};
  }
  Received received;
  for (const ReceivedMessage& message : messages) {
    SYNCLINE_RETURN_IF_ERROR(sort(message, received));
  }
  SYNCLINE_RETURN_IF_ERROR(deal_with(received));
  // Strangers that turn up again at once must not keep us running.
  if (received.ours.empty() && received.outdated.empty()) pause(kStrangersPause);
  return {};
}

Status SqsSchedule::sort(const ReceivedMessage& message, Received& received) {
  const auto read = read_message(message.body);
  if (!read) {
    report_once(unreadable_reported_, "messages that no Syncline wrote");
    return {};
  }
  if (read->instance != instance_) {
    report_once(foreign_reported_, "messages of another Syncline");
    return {};
  }
  SYNCLINE_ASSIGN(const auto entry, list_->find(read->plan, read->id));
  if (!entry || entry->nonce != read->nonce) {
    received.outdated.push_back(message.receipt);
    return {};
  }
  const int64_t now_us = clock_.wall_time_us();
  microseconds hidden(entry->next_at_us - now_us);
  if (hidden.count() <= 0) {
    const bool room = has_room(read->plan);
    // Until the next try if this one fails, and a little longer, so that it is due by then. A plan
    // that takes nothing on is asked again later.
    const seconds first = parked_.delays().first;
    hidden = room ? parked_.delays().after(entry->attempts + 1) + first / 8 : first;
    if (room) received.due.push_back(received.ours.size());
  }
  const int hidden_s = std::max(1, whole_seconds(hidden, MessageQueue::kHideMaxS));
  received.ours.push_back({read->plan, read->id, read->nonce, message.receipt,
                           now_us + microseconds(seconds(hidden_s)).count()});
  return {};
}

// The receipts are stored before the documents are tried, so that a message whose document has
// ended is always deleted.
Status SqsSchedule::deal_with(const Received& received) {
  SYNCLINE_RETURN_IF_ERROR(list_->delivered(received.ours));
  std::vector<HiddenMessage> hidden;
  const int64_t now_us = clock_.wall_time_us();
  for (const Delivery& delivery : received.ours) {
    hidden.push_back(
        {delivery.receipt,
         whole_seconds(microseconds(delivery.turns_up_at_us - now_us), MessageQueue::kHideMaxS)});
  }
  if (!hidden.empty()) SYNCLINE_RETURN_IF_ERROR(queue_->hide(hidden));
  for (const size_t place : received.due) {
    offer(received.ours[place].plan, received.ours[place].id);
  }
  return received.outdated.empty() ? Status() : queue_->remove(received.outdated);
}

void SqsSchedule::report_once(bool& reported, const char* what) {
  if (!reported) spdlog::warn("the SQS queue holds {}: they are left alone", what);
  reported = true;
}

bool SqsSchedule::has_room(const std::string& plan) {
  const std::lock_guard lock(mutex_);
  const auto due = due_.find(plan);
  return due == due_.end() || due->second.size() < kDuePerPlanMax;
}

void SqsSchedule::offer(const std::string& plan, const std::string& id) {
  const std::lock_guard lock(mutex_);
  due_[plan].insert(id);
}

}  // namespace syncline::retry

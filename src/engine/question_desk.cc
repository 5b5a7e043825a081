#include "engine/question_desk.h"

#include <algorithm>
#include <utility>

namespace syncline::engine {

QuestionDesk::QuestionDesk(std::function<void(const std::string&)> ask)
    : ask_(std::move(ask)), thread_([this] { work(); }) {}

QuestionDesk::~QuestionDesk() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  answered_.notify_all();
  thread_.join();
}

bool QuestionDesk::ask(const std::string& subject, Duration patience) {
  const TimePoint now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  const uint64_t before = begun_;
  if (std::find(waiting_.begin(), waiting_.end(), subject) == waiting_.end())
    waiting_.push_back(subject);
  wanted_.notify_one();
  if (begun_at_ != TimePoint() && now - begun_at_ > patience) return false;
  const auto answered = [&] { return ended_[subject] > before; };
  answered_.wait_until(lock, now + patience, [&] { return ending_ || answered(); });
  return answered();
}

void QuestionDesk::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    const std::string subject = std::move(waiting_.front());
    waiting_.pop_front();
    const uint64_t number = ++begun_;
    begun_at_ = std::chrono::steady_clock::now();
    lock.unlock();
    ask_(subject);
    lock.lock();
    begun_at_ = TimePoint();
    ended_[subject] = number;
    answered_.notify_all();
  }
}

}  // namespace syncline::engine

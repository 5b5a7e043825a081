// QuestionDesk: asks what may take long on behalf of callers who have little time. A thread asks;
// the callers wait for it, but not longer than they want to.
//
// Owner: PlanRunner, whose statuses must not hang because a database does. Thread-safe. Starts a
// thread and joins it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"

namespace syncline::engine {

class QuestionDesk {
 public:
  // `ask` runs on the desk's thread, for one subject at a time, and keeps what it finds for itself.
  explicit QuestionDesk(std::function<void(const std::string& subject)> ask);
  // Waits for what is being asked, which the owner has told to end.
  ~QuestionDesk();
  QuestionDesk(const QuestionDesk&) = delete;
  QuestionDesk& operator=(const QuestionDesk&) = delete;

  // True once it was asked for the subject, from beginning to end, after this call. False if that
  // takes longer than `patience`, and at once if the desk has been at one question for so long
  // already: who cannot be answered does not wait. Callers of one subject share an answer.
  bool ask(const std::string& subject, Duration patience);

 private:
  void work();

  const std::function<void(const std::string&)> ask_;
  std::mutex mutex_;
  std::condition_variable wanted_, answered_;
  // Protected by mutex_:
  std::deque<std::string> waiting_;        // no subject twice
  uint64_t begun_ = 0;                     // questions, so far
  std::map<std::string, uint64_t> ended_;  // by subject, the number of the last one that ended
  TimePoint begun_at_;                     // of the one under way; none: not set
  bool ending_ = false;

  std::thread thread_;
};

}  // namespace syncline::engine

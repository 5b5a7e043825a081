#include "retry/local_schedule.h"

namespace syncline::retry {

namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(500);

}  // namespace

Result<std::vector<std::string>> LocalSchedule::take_overdue(const std::string& plan, size_t max,
                                                             std::chrono::microseconds overdue) {
  const std::lock_guard lock(mutex_);
  if (parked_.count(plan) == 0) {
    rounds_.erase(plan);
    return std::vector<std::string>();
  }
  Round& round = rounds_[plan];
  if (!round.open) {
    if (clock_.now() < round.next_look && parked_.hastened() == round.hastened) {
      return std::vector<std::string>();
    }
    round.next_look = clock_.now() + kLookInterval;
    round.hastened = parked_.hastened();
    round.walk = begin_walk(plan, round, overdue);
  }
  SYNCLINE_ASSIGN(std::vector<std::string> ids, parked_.reader().due(plan, round.walk, max));
  round.open = ids.size() == max;
  return ids;
}

DueWalk LocalSchedule::begin_walk(const std::string& plan, Round& round,
                                  std::chrono::microseconds overdue) {
  DueWalk walk;
  const int64_t all_asked_us = parked_.all_asked_us(plan);
  if (all_asked_us == round.all_asked_us) {
    walk.until_us = clock_.wall_time_us() - overdue.count();
    return walk;
  }
  round.all_asked_us = walk.tried_before_us = all_asked_us;
  walk.until_us = std::numeric_limits<int64_t>::max();
  return walk;
}

}  // namespace syncline::retry

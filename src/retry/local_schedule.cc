#include "retry/local_schedule.h"

namespace syncline {

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
  const TimePoint now = clock_.now();
  if (!round.open) {
    const int64_t hastened = parked_.hastened();
    if (now < round.next_look && hastened == round.hastened) return std::vector<std::string>();
    round = {true, clock_.wall_time_us() - overdue.count(), {}, now + kLookInterval, hastened};
  }
  SYNCLINE_ASSIGN(std::vector<std::string> ids,
                  parked_.reader().due(plan, round.until_us, round.mark, max));
  if (ids.size() < max) round.open = false;
  return ids;
}

}  // namespace syncline

#include "lanes/refusal_watch.h"

#include <algorithm>

#include "base/log.h"

namespace syncline::lanes {

void RefusalWatch::take(int64_t written, const std::vector<retry::ParkedDocument>& refused) {
  if (written == 0 && refused.empty()) return;
  const std::lock_guard lock(mutex_);
  last_ = clock_.now();
  const int64_t number = last_.time_since_epoch() / kSlice;
  Slice& slice = slices_[static_cast<size_t>(number) % kSlices];
  if (slice.number != number) {
    slice = Slice();
    slice.number = number;
  }
  slice.written += written;
  slice.refused += static_cast<int64_t>(refused.size());
  for (const retry::ParkedDocument& document : refused) {
    std::string reason = document.type + ": " + mask_values(document.reason);
    if (slice.reasons.size() < kReasonsMax || slice.reasons.contains(reason))
      ++slice.reasons[std::move(reason)];
  }
}

std::optional<std::string> RefusalWatch::warning() const {
  const std::lock_guard lock(mutex_);
  const int64_t newest = last_.time_since_epoch() / kSlice;
  int64_t written = 0, refused = 0;
  std::map<std::string, int64_t> reasons;
  for (const Slice& slice : slices_) {
    if (slice.number < 0 || slice.number + static_cast<int64_t>(kSlices) <= newest) continue;
    written += slice.written;
    refused += slice.refused;
    for (const auto& [reason, count] : slice.reasons) reasons[reason] += count;
  }
  if (refused <= written) return std::nullopt;
  const bool idle = clock_.now() - last_ >= kWindow;
  if (idle && refused < kManyMin) return std::nullopt;
  const auto most =
      std::max_element(reasons.begin(), reasons.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return std::to_string(refused) + " of the last " + std::to_string(written + refused) +
         " documents were refused and are parked; the reason met most: " + most->first;
}

}  // namespace syncline::lanes

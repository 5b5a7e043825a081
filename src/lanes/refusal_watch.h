// RefusalWatch: whether most of the documents of the last minute were refused, and the reason met
// most.
//
// Owner: PlanRunner. Thread-safe. The lanes tell it of each body once; it holds a dozen counters
// and a bounded list of reasons, without the values in them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "retry/parked_document.h"

namespace syncline::lanes {

class RefusalWatch {
 public:
  explicit RefusalWatch(const Clock& clock) : clock_(clock) {}

  // Documents that the cluster took, and those that were parked.
  void take(int64_t written, const std::vector<retry::ParkedDocument>& refused);

  // A sentence for the status. Where nothing was written for a minute, that of the last one that
  // brought many stands: what is parked is tried ever more rarely.
  std::optional<std::string> warning() const;

 private:
  static constexpr size_t kSlices = 12;
  static constexpr Duration kSlice = std::chrono::seconds(5);
  static constexpr Duration kWindow = kSlice * kSlices;
  static constexpr size_t kReasonsMax = 50;
  static constexpr int64_t kManyMin = 10;

  struct Slice {
    int64_t number = -1;  // of all slices since the clock began
    int64_t written = 0, refused = 0;
    std::map<std::string, int64_t> reasons;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::array<Slice, kSlices> slices_;
  TimePoint last_;
};

}  // namespace syncline::lanes

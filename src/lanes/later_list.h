// LaterList: documents to be composed once more at a later time, for requests that were cut and may
// still arrive.
//
// Owner: PlanRunner, so that it outlives one run of the stream; used by the plan's thread alone.
// Bounded: past kIdsMax it stands for every document.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace syncline::lanes {

class LaterList {
 public:
  static constexpr size_t kIdsMax = 100'000;

  struct Due {
    std::vector<std::string> ids;
    bool every_document = false;
  };

  void add(const std::vector<std::string>& ids, TimePoint due);
  Due take_due(TimePoint now);

 private:
  std::map<TimePoint, std::vector<std::string>> entries_;
  size_t ids_ = 0;
  std::optional<TimePoint> every_document_at_;
};

}  // namespace syncline::lanes

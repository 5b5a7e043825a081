// PageSize: how many documents a composer takes at once, from a running mean of what one of them
// weighs.
//
// Owner: PlanRunner, so that what was learned outlives a run; shared by the plan's composers.
// Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace syncline::compose {

class PageSize {
 public:
  static constexpr double kPageBytes = 4 << 20;  // of rows, or of stored documents, held at once

  explicit PageSize(size_t documents_max) : documents_max_(documents_max) {}

  // At least one, at most documents_max.
  size_t documents() const {
    const double fit = kPageBytes / std::max(document_bytes_.load(), 1.0);
    return static_cast<size_t>(std::clamp(fit, 1.0, static_cast<double>(documents_max_)));
  }

  // Some documents, at least one, weighed this much together. (What one composer learns while
  // another does may be forgotten: the next page tells it again.)
  void learn(size_t bytes, size_t documents) {
    const double mean = static_cast<double>(bytes) / static_cast<double>(documents);
    document_bytes_ = document_bytes_ + (mean - document_bytes_) / 8;
  }

  // So many were too many: half of them may fill a page.
  void too_many(size_t documents) {
    const double least = 2 * kPageBytes / static_cast<double>(std::max<size_t>(documents, 1));
    document_bytes_ = std::max(document_bytes_.load(), least);
  }

 private:
  const size_t documents_max_;
  std::atomic<double> document_bytes_ = 1024;
};

}  // namespace syncline::compose

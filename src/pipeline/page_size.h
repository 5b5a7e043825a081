// PageSize: how many documents a composer takes at once, from a running mean of what one of them
// weighs.
//
// Owner: a composer. One thread.
#pragma once

#include <algorithm>
#include <cstddef>

namespace syncline {

class PageSize {
 public:
  static constexpr double kPageBytes = 4 << 20;  // of rows, or of stored documents, held at once

  explicit PageSize(size_t documents_max) : documents_max_(documents_max) {}

  // At least one, at most documents_max.
  size_t documents() const {
    const double fit = kPageBytes / std::max(document_bytes_, 1.0);
    return static_cast<size_t>(std::clamp(fit, 1.0, static_cast<double>(documents_max_)));
  }

  // Some documents, at least one, weighed this much together.
  void learn(size_t bytes, size_t documents) {
    const double mean = static_cast<double>(bytes) / static_cast<double>(documents);
    document_bytes_ += (mean - document_bytes_) / 8;
  }

 private:
  const size_t documents_max_;
  double document_bytes_ = 1024;
};

}  // namespace syncline

// ParkedDocument: one document that the cluster refused; RetryDelays: when it is tried again. Plain
// values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace syncline::retry {

struct ParkedDocument {
  std::string plan;  // "target/index"
  std::string job;   // whose row the document stands on
  std::string id;
  int status = 0;
  std::string type;
  std::string reason;
  int64_t attempts = 1;
  int64_t version = 0;  // of the composition that was refused
  int64_t first_at_us = 0, last_at_us = 0;
  int64_t next_at_us = 0;  // set by the store; 0: at once, because somebody asked for it
};

// The first wait, and what doubling it ends at.
struct RetryDelays {
  static constexpr int kMaxPerFirst = 60;

  std::chrono::seconds first{60};

  std::chrono::seconds max() const { return kMaxPerFirst * first; }
  // How long to wait after so many attempts (at least one).
  std::chrono::seconds after(int64_t attempts) const {
    constexpr int64_t kDoublingsMax = 6;  // 2⁶ is past kMaxPerFirst
    const int64_t doublings = std::clamp<int64_t>(attempts - 1, 0, kDoublingsMax);
    return std::min(max(), first * (int64_t{1} << doublings));
  }
};

}  // namespace syncline::retry

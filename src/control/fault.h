// Fault: one thing that is wrong with what a user configured. Plain data.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::control {

struct Fault {
  std::string path;     // "target.mappings[1].alias"; empty: the body as a whole
  std::string message;  // what is wrong with it, without the path
  bool operator==(const Fault&) const = default;
};

// All faults of one request, in the order in which they were found. Beyond kFaultsMax they are
// dropped, so that a hostile body does not make a huge answer.
class Faults {
 public:
  static constexpr size_t kFaultsMax = 1000;

  void add(std::string path, std::string message) {
    if (list_.size() < kFaultsMax) list_.push_back({std::move(path), std::move(message)});
  }
  bool empty() const { return list_.empty(); }
  bool at(std::string_view path) const {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const Fault& fault) { return fault.path == path; });
  }
  const std::vector<Fault>& list() const { return list_; }

 private:
  std::vector<Fault> list_;
};

}  // namespace syncline::control

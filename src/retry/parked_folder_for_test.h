// What the tests of retry share: a folder with a parked.db, a clock that stands until it is moved,
// refused documents.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "retry/parked_store.h"

namespace syncline {

class ManualClock final : public Clock {
 public:
  TimePoint now() const override {
    const std::lock_guard lock(mutex_);
    return TimePoint() + std::chrono::hours(1000) + passed_;
  }
  int64_t wall_time_us() const override {
    constexpr int64_t kStartUs = 1'700'000'000'000'000;
    const std::lock_guard lock(mutex_);
    return kStartUs + passed_.count();
  }
  void advance(std::chrono::microseconds by) {
    const std::lock_guard lock(mutex_);
    passed_ += by;
  }

 private:
  mutable std::mutex mutex_;
  std::chrono::microseconds passed_{0};
};

class ParkedFolder {
 public:
  ParkedFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "parked_XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~ParkedFolder() { std::filesystem::remove_all(path_); }
  ParkedFolder(const ParkedFolder&) = delete;
  ParkedFolder& operator=(const ParkedFolder&) = delete;

  std::string file() const { return (path_ / "parked.db").string(); }
  const std::filesystem::path& path() const { return path_; }
  // Null if it cannot be opened, and the test has failed.
  std::unique_ptr<ParkedStore> open(RetryDelays delays = {}) const {
    auto opened = ParkedStore::open(file(), delays);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(opened).value() : nullptr;
  }

 private:
  std::filesystem::path path_;
};

inline ParkedDocument refused(std::string plan, std::string id, const Clock& clock) {
  ParkedDocument parked;
  parked.plan = std::move(plan);
  parked.job = "j";
  parked.id = std::move(id);
  parked.status = 400;
  parked.type = "mapper_parsing_exception";
  parked.reason = "failed to parse";
  parked.first_at_us = parked.last_at_us = clock.wall_time_us();
  return parked;
}

}  // namespace syncline

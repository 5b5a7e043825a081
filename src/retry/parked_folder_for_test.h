// What the tests of retry share: a folder with a parked.db, a clock, refused documents.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/manual_clock_for_test.h"
#include "retry/parked_store.h"

namespace syncline::retry {

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

}  // namespace syncline::retry

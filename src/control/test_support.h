// What the tests of control and api share: a folder of their own, an engine that only remembers
// what it was told, bodies to start from.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "control/json.h"
#include "model/jobs.h"
#include "model/parked_documents.h"
#include "model/verifications.h"

namespace syncline::control {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "syncline_XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FakeJobs final : public Jobs {
 public:
  void apply(std::shared_ptr<const Configuration> configuration) override {
    const std::lock_guard lock(mutex_);
    applied_.push_back(std::move(configuration));
  }
  Result<JobStatus> status(const std::string& job) override { return last_status(job); }
  Result<JobStatus> last_status(const std::string& job) override {
    const std::lock_guard lock(mutex_);
    const auto found = applied_.back()->jobs.find(job);
    if (found == applied_.back()->jobs.end()) return Error::bug("no such job");
    JobStatus status;
    status.name = job;
    status.state = found->second.paused ? JobState::paused : state;
    status.error = error;
    return status;
  }
  void stop() override {}

  std::shared_ptr<const Configuration> last() const {
    const std::lock_guard lock(mutex_);
    return applied_.empty() ? nullptr : applied_.back();
  }
  size_t applied() const {
    const std::lock_guard lock(mutex_);
    return applied_.size();
  }

  // Set before other threads ask.
  JobState state = JobState::live;
  std::optional<JobError> error;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const Configuration>> applied_;
};

class FakeParked final : public ParkedDocuments {
 public:
  // Pages through `parked` whatever the job; what was asked for is remembered.
  Result<FailurePage> failures(const std::string&, const FailureQuery& query) override {
    FailurePage page;
    for (const auto& [id, failure] : parked) {
      if (query.after && id <= *query.after) continue;
      if (page.items.size() == query.limit) {
        page.next = page.items.back().id;
        break;
      }
      page.items.push_back(failure);
    }
    return page;
  }
  Result<RetriedFailures> retry_failures(
      const std::string&, const std::optional<std::vector<std::string>>& ids) override {
    RetriedFailures retried;
    for (const std::string& id : ids.value_or(std::vector<std::string>())) {
      if (parked.count(id) == 0) retried.unknown.push_back(id);
    }
    if (retried.unknown.empty()) retried.count = ids ? std::ssize(*ids) : std::ssize(parked);
    return retried;
  }
  Result<std::optional<Failure>> give_up(const std::string&, const std::string& id) override {
    const auto found = parked.extract(id);
    return found ? std::optional(found.mapped()) : std::nullopt;
  }

  std::map<std::string, Failure> parked;
};

class FakeVerifications final : public Verifications {
 public:
  Status verify(const std::string& job, bool repair) override {
    asked.emplace_back(job, repair);
    return {};
  }

  std::vector<std::pair<std::string, bool>> asked;
};

// The three that a JobService needs.
struct FakeEngine {
  FakeJobs jobs;
  FakeParked parked;
  FakeVerifications verifications;
};

inline Json source_body(const std::string& name = "shop") {
  return Json{
      {"name", name},
      {"config",
       {{"host", "db"}, {"port", 5432}, {"database", "shop"}, {"user", "u"}, {"password", "pw"}}}};
}

inline Json target_body(const std::string& name = "search") {
  return Json{{"name", name}, {"api", {{"url", "http://localhost"}, {"port", 9200}}}};
}

inline Json job_body(const std::string& name = "orders") {
  return Json::parse(R"({"name": ")" + name + R"(",
    "source": {"name": "shop", "table_name": "orders", "columns": ["id", "status"]},
    "target": {"name": "search", "index": "orders", "type": "index", "id": "order_id",
      "mappings": [{"source_column": "id", "alias": "order_id", "type": "integer"},
                   {"source_column": "status", "alias": "status", "type": "text"}]}})");
}

// The body with the value at a JSON pointer replaced, or taken out where the value is "DROP".
inline Json with(Json body, const std::string& pointer, Json value) {
  const Json::json_pointer place(pointer);
  if (value == "DROP") {
    body[place.parent_pointer()].erase(place.back());
  } else {
    body[place] = std::move(value);
  }
  return body;
}

}  // namespace syncline::control

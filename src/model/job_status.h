// JobStatus: what GET /jobs/:name/status shows (contract section 2). Plain data, made by pipeline,
// printed by api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

enum class JobState { starting, loading, live, paused, waiting, failed };

struct JobError {
  std::string kind;  // "source_unreachable", "target_unreachable", "table", "privilege", "index",
                     // "mapping", "internal" …
  std::string message;   // one sentence that says what to do
  int64_t since_us = 0;  // wall clock
};

struct JobStatus {
  std::string name;
  JobState state = JobState::starting;
  struct {
    int64_t rows_done = 0;
    std::optional<int64_t> rows_estimate;
    std::optional<int64_t> started_at_us;
    std::optional<int64_t> finished_at_us;
  } load;
  struct {
    int64_t changes = 0;
    double seconds = 0;
  } lag;
  struct {
    int64_t indexed = 0;
    int64_t deleted = 0;
    int64_t conflicts = 0;
    int64_t strangers = 0;  // without rows, in an index that we did not create: left alone
  } documents;
  int64_t parked = 0;
  std::optional<JobError> error;
  // What goes on without help but would go better with it, one sentence each: a missing index of
  // the database, with the CREATE INDEX that helps.
  std::vector<std::string> warnings;
};

}  // namespace syncline

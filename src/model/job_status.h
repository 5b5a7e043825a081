// JobStatus: what GET /jobs/:name/status shows. Plain data, made by engine, printed by control.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

enum class JobState { starting, loading, live, paused, waiting, failed };

struct JobError {
  std::string kind;      // one of those in engine/error_kind.h, or "other_job"
  std::string message;   // one sentence that says what to do
  int64_t since_us = 0;  // wall clock
};

// A document in which index and tables differ.
struct Difference {
  static constexpr size_t kShownBytesMax = 8 << 10;  // of a document that is longer, the beginning
  enum class Kind { missing, extra, different };
  Kind kind = Kind::missing;  // missing and extra: in the index
  std::string id;
  std::string expected;  // JSON as the tables say, empty: no document
  std::string found;     // JSON as stored, empty: no document
};

// How far a comparison of index and tables is, or what it found. It is of a whole index, and so the
// same for all jobs on it.
struct VerifyReport {
  enum class State { waiting, running, done, failed };
  State state = State::waiting;  // waiting: for all jobs of the index to be live
  bool repair = false;
  double progress = 0;  // of 1
  int64_t checked = 0;  // documents
  int64_t missing = 0, extra = 0, different = 0;
  int64_t repaired = 0;
  std::vector<Difference> samples;  // the first few
  std::string error;                // failed: why; running: why it had to begin again
  int64_t ended_us = 0;             // wall clock; 0: not yet

  int64_t differences() const { return missing + extra + different; }
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
  std::optional<VerifyReport> verify;  // the last one asked for
  // Where the source could not be asked for the lag: when the figure shown was taken.
  std::optional<int64_t> as_of_us;
};

}  // namespace syncline

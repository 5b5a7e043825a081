// PlanRecords: how far one plan is, as one of its sources keeps it: its own record, its members'
// positions and loads, its fan-outs.
//
// Made by Source::records(), for a call or for as long as the source lives. Thread-safe. Takes a
// session of its own for each call, unless it was made with one in hand. Place in the flow:
// acknowledged → [position], and whatever else must survive a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "capture/position.h"
#include "postgres/session_pool.h"

namespace syncline::capture {

class PlanStore;

struct LoadProgress {
  uint32_t leaf = 0;      // leaves before this one (by oid) are done
  int64_t file_node = 0;  // of that leaf
  int64_t block = 0;      // blocks before this one are done
  int64_t rows_done = 0;
  std::optional<int64_t> rows_estimate;
  int64_t started_us = 0;
  std::optional<int64_t> finished_us;
};

struct MemberRecord {
  int watch = 0;
  std::string definition;
  std::string index_uuid;
  int64_t resync = 0;
  Position position;
  LoadProgress load;
};

struct PlanRecord {
  int number = 0;
  std::optional<std::string> shape;
  int64_t version_base = 0;
  int64_t strangers = 0;
  std::optional<std::string> swept;
};

// A changed property value whose documents are composed page by page.
struct FanOutRecord {
  int64_t id = 0;
  std::string key;
  std::string resume;
};

class PlanRecords {
 public:
  // Waits at most `patience` for a session. All outlive it.
  PlanRecords(const PlanStore& store, std::string plan, postgres::SessionPool& sessions,
              const StopSignal& stop, Duration patience)
      : store_(&store),
        plan_(std::move(plan)),
        sessions_(&sessions),
        stop_(&stop),
        patience_(patience) {}
  // With a session in hand: who holds one, or the admin mutex, must not wait for another.
  PlanRecords(const PlanStore& store, std::string plan, postgres::Session& in_hand)
      : store_(&store), plan_(std::move(plan)), in_hand_(&in_hand) {}

  // The plan's record, made if it is missing, and its version counter raised to at least
  // version_floor.
  Result<PlanRecord> open(int64_t version_floor) const;
  // The next version of the plan with this number. Taken before the rows of a composition are read.
  Result<int64_t> take_version(int number) const;
  Status raise_version(int number, int64_t at_least) const;
  Status set_shape(const std::optional<std::string>& shape) const;
  Status set_strangers(int64_t strangers) const;
  Status set_swept(const std::optional<std::string>& swept) const;
  // Every document was composed.
  Status sweep_ended(int64_t strangers, const std::string& shape) const;

  // Fan-outs of a job. Adding one that is there begins it again.
  Status add_fan_out(const std::string& job, const std::string& key) const;
  Result<std::vector<FanOutRecord>> fan_outs(const std::string& job, int max) const;
  Result<int64_t> count_fan_outs(const std::string& job) const;
  Status save_fan_out(const FanOutRecord& record) const;
  Status remove_fan_out(int64_t id) const;

  Result<std::optional<MemberRecord>> read_member(const std::string& job) const;
  // Starts a member over: position now, nothing loaded, no fan-outs. record.position and load are
  // set to what was stored.
  Status start_member(const std::string& job, MemberRecord& record) const;
  Status save_position(const std::string& job, const Position& position) const;
  Status save_load(const std::string& job, const LoadProgress& load) const;

 private:
  template <class Use>
  std::invoke_result_t<Use, postgres::Session&> with_session(Use use) const;

  const PlanStore* store_;
  std::string plan_;
  postgres::SessionPool* sessions_ = nullptr;
  const StopSignal* stop_ = nullptr;
  Duration patience_{};
  postgres::Session* in_hand_ = nullptr;
};

}  // namespace syncline::capture

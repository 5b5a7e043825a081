// PlanStore: the SQL of PlanRecords: how far each plan is, kept in the capture schema of its
// sources: positions, loads, version counters.
//
// Owner: Source, which hands out PlanRecords; stateless, any thread with a session of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "capture/plan_records.h"
#include "capture/position.h"
#include "postgres/session.h"

namespace syncline::capture {

class PlanStore {
 public:
  explicit PlanStore(std::string quoted_schema) : schema_(std::move(quoted_schema)) {}

  // The plan's record, made if it is missing, and its version counter raised to at least
  // version_floor.
  Result<PlanRecord> open_plan(postgres::Session& session, const std::string& plan,
                               int64_t version_floor) const;
  // The next version. Taken before the rows of a composition are read.
  Result<int64_t> take_version(postgres::Session& session, int number) const;
  Status raise_version(postgres::Session& session, int number, int64_t at_least) const;
  Status set_shape(postgres::Session& session, const std::string& plan,
                   const std::optional<std::string>& shape) const;
  Status set_strangers(postgres::Session& session, const std::string& plan,
                       int64_t strangers) const;
  Status set_swept(postgres::Session& session, const std::string& plan,
                   const std::optional<std::string>& swept) const;

  // Fan-outs of a job. Adding one that is there begins it again.
  Status add_fan_out(postgres::Session& session, const std::string& plan, const std::string& job,
                     const std::string& key) const;
  Result<std::vector<FanOutRecord>> fan_outs(postgres::Session& session, const std::string& plan,
                                             const std::string& job, int max) const;
  Result<int64_t> count_fan_outs(postgres::Session& session, const std::string& plan,
                                 const std::string& job) const;
  Status save_fan_out(postgres::Session& session, const FanOutRecord& record) const;
  Status remove_fan_out(postgres::Session& session, int64_t id) const;

  Result<std::optional<MemberRecord>> read_member(postgres::Session& session,
                                                  const std::string& plan,
                                                  const std::string& job) const;
  // Starts a member over: position now, nothing loaded, no fan-outs. record.position and load are
  // set to what was stored.
  Status start_member(postgres::Session& session, const std::string& plan, const std::string& job,
                      MemberRecord& record) const;
  Status save_position(postgres::Session& session, const std::string& plan, const std::string& job,
                       const Position& position) const;
  Status save_load(postgres::Session& session, const std::string& plan, const std::string& job,
                   const LoadProgress& load) const;

  // Removes the records of members that are not in `wanted` (plan, job), and of plans that no
  // wanted member names.
  Status forget_others(postgres::Session& session,
                       const std::set<std::pair<std::string, std::string>>& wanted) const;

 private:
  std::string version_sequence(int number) const {
    return schema_ + ".version_" + std::to_string(number);
  }
  const std::string schema_;
};

}  // namespace syncline::capture

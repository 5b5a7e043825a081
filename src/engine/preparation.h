// Preparation: from what is configured to a plan that can run: its sources are there, its members
// resolved, its index up, its records and positions stored, and it is known what has to be composed
// beside what the members load and log.
//
// Owner: PlanRunner, on its thread, one a run. Values in, values out; everything it does is stored
// before what follows from it, so that a crash in between is simply gone through again.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/plan_context.h"
#include "engine/index_preparation.h"
#include "engine/plan_config.h"
#include "engine/plan_shape.h"
#include "lanes/stream.h"
#include "postgres/session.h"

namespace syncline::engine {

class Preparation {
 public:
  // All outlive it.
  Preparation(const PlanConfig& config, const PlanParts& parts, const StopSignal& stop)
      : config_(config), parts_(parts), stop_(stop) {}

  struct Started {
    IndexPreparation::Prepared index;
    lanes::Stream::Start stream;
    int64_t unowned = 0;  // documents that the last sweep left alone
  };
  // Fills the context's members, versions and what is known of the index. version_floor: versions
  // of this run lie above it. Error: retry, needs_person.
  Result<Started> start(compose::PlanContext& context, int64_t version_floor);

 private:
  enum class Loads { all_from_the_start, some_go_on };

  Status check_sources() const;
  Error error_of(capture::Source& source, Error error) const;
  std::optional<Error> lacking_privileges(const capture::Source& source,
                                          postgres::Session& session) const;
  Status resolve_members(compose::PlanContext& context) const;
  Result<capture::PlanRecord> open_plan(const compose::PlanContext& context, int64_t floor) const;
  Result<bool> resync_is_asked(const compose::PlanContext& context) const;
  Result<Loads> start_members(compose::PlanContext& context, const std::string& uuid) const;
  Status start_owned(compose::PlanContext& context, const capture::PlanRecord& plan,
                     Started& started) const;
  Status start_foreign(compose::PlanContext& context, const capture::PlanRecord& plan,
                       Started& started) const;
  Status store_shape(const compose::PlanContext& context,
                     const std::optional<std::string>& shape) const;

  const PlanConfig& config_;
  const PlanParts& parts_;
  const StopSignal& stop_;
};

}  // namespace syncline::engine

// IndexPreparation: brings a plan's index up: that it may be written, that it is this plan's, and
// that it takes the fields of the plan's jobs.
//
// Owner: PlanRunner, on its thread. Place in the flow: before the first document of a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/plan_context.h"
#include "engine/plan_config.h"
#include "index/index_admin.h"

namespace syncline::engine {

class IndexPreparation {
 public:
  // All outlive it.
  IndexPreparation(const PlanConfig& config, const PlanParts& parts, const StopSignal& stop)
      : config_(config), parts_(parts), stop_(stop) {}

  struct Prepared {
    index::IndexDescription index;  // without a uuid: there is none yet, of a foreign plan
    bool created = false;           // just now
  };
  // Sets what bulks are sent to (write_name), and whether a foreign index is missing. Error: retry;
  // needs_person, blaming a job where one alone is at fault.
  Result<Prepared> prepare(compose::PlanContext& context);
  // Nobody wants the plan any more. At best: what cannot be reached now says to the next one how to
  // take the index over.
  void release() const;

 private:
  Status create(compose::PlanContext& context, const std::vector<index::FieldMapping>& fields);
  Status check_kind(const index::IndexDescription& index) const;
  bool is_kept_by_another(const index::IndexDescription& index) const;
  Status claim(compose::PlanContext& context, index::IndexDescription& index);
  Status take(compose::PlanContext& context, index::IndexDescription& index);
  Result<bool> may_take_over(const compose::PlanContext& context);
  Error blame_member(compose::PlanContext& context, Error error);
  index::IndexOwner owner() const { return {parts_.instance, config_.plan()}; }

  const PlanConfig& config_;
  const PlanParts& parts_;
  const StopSignal& stop_;
};

}  // namespace syncline::engine

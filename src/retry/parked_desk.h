// ParkedDesk: answers what users ask of parked documents, out of the ParkedStore.
//
// Owner: main. Thread-safe: called from the REST workers. In the flow: REST → JobService →
// ParkedDesk → ParkedStore; the plan, nudged, composes what is to be tried at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/job_plans.h"
#include "model/parked_documents.h"
#include "retry/parked_store.h"

namespace syncline::retry {

class ParkedDesk final : public ParkedDocuments {
 public:
  // All outlive the desk.
  ParkedDesk(ParkedStore& parked, JobPlans& plans, const Clock& clock)
      : parked_(parked), plans_(plans), clock_(clock) {}

  Result<FailurePage> failures(const std::string& job, const FailureQuery& query) override;
  Result<RetriedFailures> retry_failures(
      const std::string& job, const std::optional<std::vector<std::string>>& ids) override;
  Result<std::optional<Failure>> give_up(const std::string& job, const std::string& id) override;

 private:
  Result<RetriedFailures> retry_some(const std::string& plan, const std::string& job,
                                     const std::vector<std::string>& ids);
  RetriedFailures retry_all(const std::string& plan, const std::string& job);
  Result<std::optional<ParkedDocument>> find(const std::string& plan, const std::string& job,
                                             const std::string& shown) const;

  ParkedStore& parked_;
  JobPlans& plans_;
  const Clock& clock_;
};

}  // namespace syncline::retry

// VerifyDesk: takes what users ask to be verified into the VerifyStore, and wakes the plan.
//
// Owner: main. Thread-safe: called from the REST workers. In the flow: REST → JobService →
// VerifyDesk → VerifyStore; the plan's Verifier takes it from there.
#pragma once

#include <string>

#include "base/result.h"
#include "model/job_plans.h"
#include "model/verifications.h"
#include "verify/verify_store.h"

namespace syncline::verify {

class VerifyDesk final : public Verifications {
 public:
  // Both outlive the desk.
  VerifyDesk(VerifyStore& store, JobPlans& plans) : store_(store), plans_(plans) {}

  Status verify(const std::string& job, bool repair) override {
    SYNCLINE_ASSIGN(const std::string plan, plans_.plan_of(job));
    SYNCLINE_RETURN_IF_ERROR(store_.ask(plan, repair));
    plans_.nudge_plan(plan);
    return {};
  }

 private:
  VerifyStore& store_;
  JobPlans& plans_;
};

}  // namespace syncline::verify

// The part of Supervisor that deals with parked documents.
#include <algorithm>

#include "base/log.h"
#include "base/utf8_text.h"
#include "engine/supervisor.h"
#include "model/metric_families.h"

namespace syncline::engine {

namespace {

// all_asked_us: when all of the plan were asked to be tried at once.
Failure failure_of(const retry::ParkedDocument& parked, int64_t all_asked_us, int64_t now_us) {
  const bool asked = parked.next_at_us == 0 || parked.last_at_us < all_asked_us;
  const int64_t next_at_us = asked ? now_us : parked.next_at_us;
  return {printable(parked.id), parked.status,      parked.type,       parked.reason,
          parked.attempts,      parked.first_at_us, parked.last_at_us, next_at_us};
}

}  // namespace

Result<std::string> Supervisor::plan_of(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  const auto configured = configuration_->jobs.find(job);
  if (configured == configuration_->jobs.end()) return Error::bug("no such job: " + job);
  return configured->second.spec.target + "/" + configured->second.spec.index;
}

void Supervisor::nudge_plan(const std::string& plan) {
  const std::lock_guard lock(mutex_);
  const auto running = plans_.find(plan);
  if (running != plans_.end()) running->second->nudge();
}

// The one that is meant: ids are shown in a printable form where they hold what is no UTF-8.
Result<std::optional<retry::ParkedDocument>> Supervisor::find_parked(const std::string& plan,
                                                                     const std::string& job,
                                                                     const std::string& shown) {
  SYNCLINE_ASSIGN(auto parked, parked_.reader().find(plan, shown));
  if (!parked) {
    SYNCLINE_ASSIGN(parked, parked_.reader().find(plan, from_printable(shown)));
  }
  if (parked && parked->job != job) parked.reset();
  return parked;
}

Result<FailurePage> Supervisor::failures(const std::string& job, const FailureQuery& query) {
  SYNCLINE_ASSIGN(const std::string plan, plan_of(job));
  FailurePage failures;
  // The documents of an index stand on one of its jobs: the others need not look.
  if (parked_.count(plan, job) == 0) return failures;
  std::optional<std::string> after;
  if (query.after) after = from_printable(*query.after);
  SYNCLINE_ASSIGN(retry::ParkedPage page, parked_.reader().page(plan, job, after, query.limit));
  const int64_t asked_us = parked_.all_asked_us(plan);
  const int64_t now_us = clock_.wall_time_us();
  for (const retry::ParkedDocument& parked : page.documents) {
    failures.items.push_back(failure_of(parked, asked_us, now_us));
  }
  if (page.next) failures.next = printable(*page.next);
  return failures;
}

Result<RetriedFailures> Supervisor::retry_failures(
    const std::string& job, const std::optional<std::vector<std::string>>& ids) {
  SYNCLINE_ASSIGN(const std::string plan, plan_of(job));
  RetriedFailures retried;
  if (!ids) {
    retried.count = parked_.count(plan, job);
    if (retried.count > 0) parked_.hasten_all(plan, clock_.wall_time_us());
  } else {
    std::vector<std::string> found;
    for (const std::string& id : *ids) {
      SYNCLINE_ASSIGN(const auto parked, find_parked(plan, job, id));
      (parked ? found : retried.unknown).push_back(parked ? parked->id : id);
    }
    if (!retried.unknown.empty()) return retried;
    SYNCLINE_ASSIGN(retried.count, parked_.hasten(plan, found));
  }
  if (retried.count > 0) nudge_plan(plan);
  return retried;
}

Result<std::optional<Failure>> Supervisor::give_up(const std::string& job, const std::string& id) {
  SYNCLINE_ASSIGN(const std::string plan, plan_of(job));
  SYNCLINE_ASSIGN(const auto parked, find_parked(plan, job, id));
  if (!parked) return std::optional<Failure>();
  SYNCLINE_RETURN_IF_ERROR(parked_.remove(plan, {parked->id}));
  return std::optional(failure_of(*parked, parked_.all_asked_us(plan), clock_.wall_time_us()));
}

// What is parked for plans that no job has any more, what a crash left, too; what was counted of
// them.
void Supervisor::forget_other_plans(const std::map<std::string, PlanConfig>& wanted) {
  for (const std::string& plan : parked_.plans()) {
    {
      const std::lock_guard lock(mutex_);
      const bool ending = std::any_of(retiring_.begin(), retiring_.end(), [&](const auto& old) {
        return old->config().plan() == plan;
      });
      if (ending || wanted.count(plan) != 0) continue;
    }
    if (const Status forgotten = parked_.remove_plan(plan); !forgotten.ok()) {
      spdlog::warn("{}: parked documents not yet removed: {}", plan, forgotten.error().message);
    }
  }
  const auto unwanted = [&](const std::string& plan) { return wanted.count(plan) == 0; };
  metrics_.forget(kPlanLabel, unwanted);
  const Status forgotten = verifications_.forget(unwanted);
  if (!forgotten.ok()) spdlog::warn("verifications not yet removed: {}", forgotten.error().message);
}

}  // namespace syncline::engine

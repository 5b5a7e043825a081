#include "retry/parked_desk.h"

#include "base/utf8_text.h"

namespace syncline::retry {

namespace {

// all_asked_us: when all of the plan were asked to be tried at once.
Failure failure_of(const ParkedDocument& parked, int64_t all_asked_us, int64_t now_us) {
  const bool asked = parked.next_at_us == 0 || parked.last_at_us < all_asked_us;
  const int64_t next_at_us = asked ? now_us : parked.next_at_us;
  return {printable(parked.id), parked.status,      parked.type,       parked.reason,
          parked.attempts,      parked.first_at_us, parked.last_at_us, next_at_us};
}

}  // namespace

Result<FailurePage> ParkedDesk::failures(const std::string& job, const FailureQuery& query) {
  SYNCLINE_ASSIGN(const std::string plan, plans_.plan_of(job));
  FailurePage failures;
  // The documents of an index stand on one of its jobs: the others need not look.
  if (parked_.count(plan, job) == 0) return failures;
  std::optional<std::string> after;
  if (query.after) after = from_printable(*query.after);
  SYNCLINE_ASSIGN(ParkedPage page, parked_.reader().page(plan, job, after, query.limit));
  const int64_t asked_us = parked_.all_asked_us(plan);
  const int64_t now_us = clock_.wall_time_us();
  for (const ParkedDocument& parked : page.documents) {
    failures.items.push_back(failure_of(parked, asked_us, now_us));
  }
  if (page.next) failures.next = printable(*page.next);
  return failures;
}

Result<RetriedFailures> ParkedDesk::retry_failures(
    const std::string& job, const std::optional<std::vector<std::string>>& ids) {
  SYNCLINE_ASSIGN(const std::string plan, plans_.plan_of(job));
  RetriedFailures retried;
  if (ids) {
    SYNCLINE_ASSIGN(retried, retry_some(plan, job, *ids));
  } else {
    retried = retry_all(plan, job);
  }
  if (retried.count > 0) plans_.nudge_plan(plan);
  return retried;
}

RetriedFailures ParkedDesk::retry_all(const std::string& plan, const std::string& job) {
  RetriedFailures retried;
  retried.count = parked_.count(plan, job);
  if (retried.count > 0) parked_.hasten_all(plan, clock_.wall_time_us());
  return retried;
}

Result<RetriedFailures> ParkedDesk::retry_some(const std::string& plan, const std::string& job,
                                               const std::vector<std::string>& ids) {
  RetriedFailures retried;
  std::vector<std::string> found;
  for (const std::string& id : ids) {
    SYNCLINE_ASSIGN(const auto parked, find(plan, job, id));
    (parked ? found : retried.unknown).push_back(parked ? parked->id : id);
  }
  if (!retried.unknown.empty()) return retried;
  SYNCLINE_ASSIGN(retried.count, parked_.hasten(plan, found));
  return retried;
}

Result<std::optional<Failure>> ParkedDesk::give_up(const std::string& job, const std::string& id) {
  SYNCLINE_ASSIGN(const std::string plan, plans_.plan_of(job));
  SYNCLINE_ASSIGN(const auto parked, find(plan, job, id));
  if (!parked) return std::optional<Failure>();
  SYNCLINE_RETURN_IF_ERROR(parked_.remove(plan, {parked->id}));
  return std::optional(failure_of(*parked, parked_.all_asked_us(plan), clock_.wall_time_us()));
}

// The one that is meant: ids are shown in a printable form where they hold what is no UTF-8.
Result<std::optional<ParkedDocument>> ParkedDesk::find(const std::string& plan,
                                                       const std::string& job,
                                                       const std::string& shown) const {
  SYNCLINE_ASSIGN(auto parked, parked_.reader().find(plan, shown));
  if (!parked) {
    SYNCLINE_ASSIGN(parked, parked_.reader().find(plan, from_printable(shown)));
  }
  if (parked && parked->job != job) parked.reset();
  return parked;
}

}  // namespace syncline::retry

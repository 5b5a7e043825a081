#include "control/parked_commands.h"

#include <utility>

#include "base/log.h"

namespace syncline::control {

namespace {

Refusal not_parked(const std::string& job, const std::vector<std::string>& ids) {
  std::vector<Fault> details;
  for (const std::string& id : ids) details.push_back({id, "is not parked"});
  return refusal(RefusalCode::not_found,
                 "job \"" + job + "\" has no parked document \"" + ids.front() + "\"",
                 std::move(details));
}

Refusal unreadable(const Error& error) {
  spdlog::error("the parked documents could not be read or changed: {}", error.message);
  return refusal(RefusalCode::internal,
                 "the parked documents could not be read or changed, the log says why");
}

}  // namespace

Outcome ParkedCommands::list(const std::string& job, const QueryParameters& parameters) const {
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  Faults faults;
  const FailureQuery query = parse_failure_query(parameters, faults);
  if (!faults.empty()) return invalid(faults);
  const Result<FailurePage> page = parked_.failures(job, query);
  if (!page.ok()) return unreadable(page.error());
  return failure_page_json(*page);
}

Outcome ParkedCommands::retry(const std::string& job, const Json& body) {
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  Faults faults;
  const auto ids = parse_failure_ids(body, faults);
  if (!faults.empty()) return invalid(faults);
  const Result<RetriedFailures> retried = parked_.retry_failures(job, ids);
  if (!retried.ok()) return unreadable(retried.error());
  if (!retried->unknown.empty()) return not_parked(job, retried->unknown);
  return Json{{"retried", retried->count}};
}

Outcome ParkedCommands::give_up(const std::string& job, const std::string& id) {
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  const Result<std::optional<Failure>> given_up = parked_.give_up(job, id);
  if (!given_up.ok()) return unreadable(given_up.error());
  if (!*given_up) return not_parked(job, {id});
  return failure_json(**given_up);
}

}  // namespace syncline::control

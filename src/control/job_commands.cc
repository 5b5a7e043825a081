#include "control/job_commands.h"

#include <utility>

#include "base/log.h"
#include "control/object_reader.h"
#include "control/status_json.h"

namespace syncline::control {

Outcome JobCommands::pause(const std::string& job) {
  if (Outcome saved = save(job, Change::pause); !saved.ok()) return saved;
  return status(job);
}

Outcome JobCommands::resume(const std::string& job) {
  if (Outcome saved = save(job, Change::resume); !saved.ok()) return saved;
  return status(job);
}

Outcome JobCommands::resync(const std::string& job, const Json& body) {
  Faults faults;
  const bool take_over = read_option(body, "take_over", faults);
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  if (!faults.empty()) return invalid(faults);
  const Change change = take_over ? Change::take_over : Change::resync;
  if (Outcome saved = save(job, change); !saved.ok()) return saved;
  return status(job);
}

Outcome JobCommands::save(const std::string& job, Change change) {
  const std::lock_guard lock(configured_.mutex);
  const auto found = configured_.current.jobs.find(job);
  if (found == configured_.current.jobs.end()) return not_found(ResourceKind::job, job);
  JobConfig& config = found->second;
  const bool paused = change == Change::pause;
  const bool resync = change == Change::resync || change == Change::take_over;
  const bool take_over = change == Change::take_over;
  if (!resync && config.paused == paused) return Json(nullptr);
  const int64_t generation = config.resync_generation + 1;
  const Status stored = resync ? store_.set_resync_generation(job, generation, take_over)
                               : store_.set_paused(job, paused);
  if (!stored.ok()) return not_stored(stored.error());
  if (resync) {
    config.resync_generation = generation;
    config.take_over_generation = take_over ? generation : 0;
  } else {
    config.paused = paused;
  }
  publisher_.publish(configured_.current);
  return Json(nullptr);
}

Outcome JobCommands::status(const std::string& job) const {
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  // Without the mutex: the engine asks the source, which may take a second.
  const Result<JobStatus> found = jobs_.status(job);
  if (found.ok()) return status_json(*found);
  // It may have been deleted meanwhile.
  if (auto refused = configured_.refuse_unknown_job(job)) return *std::move(refused);
  spdlog::error("job {} has no status: {}", job, found.error().message);
  return refusal(RefusalCode::internal, "the status could not be read, the log says why");
}

std::vector<UnreadyJob> JobCommands::unready() const {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(configured_.mutex);
    for (const auto& [name, config] : configured_.current.jobs) names.push_back(name);
  }
  std::vector<UnreadyJob> unready;
  for (const std::string& name : names) {
    const Result<JobStatus> found = jobs_.last_status(name);
    if (!found.ok()) continue;  // deleted meanwhile
    const JobState state = found->state;
    if (state == JobState::loading || state == JobState::live || state == JobState::paused)
      continue;
    std::string reason(state_word(state));
    if (found->error) reason += ": " + found->error->message;
    unready.push_back({name, std::move(reason)});
  }
  return unready;
}

}  // namespace syncline::control

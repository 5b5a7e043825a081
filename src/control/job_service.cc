#include "control/job_service.h"

#include <utility>

#include "base/log.h"
#include "control/job_rules.h"
#include "control/object_reader.h"
#include "control/spec_parser.h"
#include "control/status_json.h"

namespace syncline::control {

namespace {

const char* word(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::source:
      return "source";
    case ResourceKind::target:
      return "target";
    case ResourceKind::job:
      return "job";
  }
  return "";
}

std::string titled(ResourceKind kind, const std::string& name) {
  return std::string(word(kind)) + " \"" + name + "\"";
}

Refusal not_found(ResourceKind kind, const std::string& name) {
  return refusal(RefusalCode::not_found, "there is no " + titled(kind, name));
}

Refusal exists_already(ResourceKind kind, const std::string& name) {
  return refusal(RefusalCode::exists, "there is a " + titled(kind, name) + " already");
}

// The store failed: the log has the reason, the answer only that.
Refusal internal(const Error& error) {
  spdlog::error("the state could not be stored: {}", error.message);
  return refusal(RefusalCode::internal, "the change could not be stored, the log says why");
}

Json masked(ResourceKind kind, const Json& body) {
  switch (kind) {
    case ResourceKind::source:
      return mask_source(body);
    case ResourceKind::target:
      return mask_target(body);
    case ResourceKind::job:
      return body;
  }
  return body;
}

// Of a command's body, which may be missing: its one option.
bool read_option(const Json& body, const char* name, Faults& faults) {
  if (body.is_null()) return false;
  ObjectReader reader(body, "", faults);
  const bool given = reader.boolean(name, Need::optional).value_or(false);
  reader.finish();
  return given;
}

// The body of a PUT may leave the name out; the resource has it, in front.
Json with_name(const Json& body, const std::string* stored_name) {
  if (stored_name == nullptr || !body.is_object() || body.contains("name")) return body;
  Json named = {{"name", *stored_name}};
  named.update(body);
  return named;
}

}  // namespace

Outcome JobService::list(ResourceKind kind) const {
  const std::lock_guard lock(mutex_);
  Json resources = Json::array();
  for (const auto& [name, body] : bodies(kind)) resources.push_back(masked(kind, body));
  return resources;
}

Outcome JobService::get(ResourceKind kind, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = bodies(kind).find(name);
  if (found == bodies(kind).end()) return not_found(kind, name);
  return masked(kind, found->second);
}

Outcome JobService::create(ResourceKind kind, const Json& body) {
  const std::lock_guard lock(mutex_);
  return put(kind, body, nullptr);
}

Outcome JobService::replace(ResourceKind kind, const std::string& name, const Json& body) {
  const std::lock_guard lock(mutex_);
  if (!exists(kind, name)) return not_found(kind, name);
  return put(kind, body, &name);
}

Outcome JobService::put(ResourceKind kind, const Json& body, const std::string* stored_name) {
  switch (kind) {
    case ResourceKind::source:
      return put_source(body, stored_name);
    case ResourceKind::target:
      return put_target(body, stored_name);
    case ResourceKind::job:
      return put_job(body, stored_name);
  }
  return refusal(RefusalCode::internal, "unknown kind of resource");
}

template <typename Spec>
JobService::Draft<Spec> JobService::read_draft(const Json& body, const std::string* stored_name,
                                               Spec (*parse)(const Json&, Faults&)) const {
  Draft<Spec> draft;
  draft.body = with_name(body, stored_name);
  draft.spec = parse(draft.body, draft.faults);
  if (stored_name != nullptr && draft.body.is_object() && draft.spec.name != *stored_name) {
    draft.faults.add("name", "must be left out or be \"" + *stored_name + "\"");
  }
  return draft;
}

template <typename Spec>
void JobService::restore_draft_secrets(Draft<Spec>& draft, const std::map<std::string, Spec>& specs,
                                       ResourceKind kind, const std::string* stored_name) const {
  if (stored_name == nullptr) {
    restore_secrets(draft.spec, draft.body, nullptr, draft.faults);
    return;
  }
  const Stored<Spec> stored{specs.at(*stored_name), bodies(kind).at(*stored_name)};
  restore_secrets(draft.spec, draft.body, &stored, draft.faults);
}

Outcome JobService::put_source(const Json& body, const std::string* stored_name) {
  auto draft = read_draft<SourceSpec>(body, stored_name, parse_source);
  restore_draft_secrets(draft, current_.sources, ResourceKind::source, stored_name);
  if (!draft.faults.empty()) return invalid(draft.faults);
  const std::string& name = draft.spec.name;
  if (stored_name == nullptr && exists(ResourceKind::source, name)) {
    return exists_already(ResourceKind::source, name);
  }
  SourceChange change;
  change.name = name;
  change.body = json_text(draft.body);
  if (stored_name != nullptr) {
    // Another host or port may lead to the same database (a failover, another address), so only
    // these two tell that the old one is left behind.
    const SourceSpec& before = current_.sources.at(name);
    change.retire_stored = before.database != draft.spec.database ||
                           before.capture_schema != draft.spec.capture_schema;
    change.heir = heir_of(name);
  }
  auto absorbed = retired_at_place_of(draft.spec);
  if (!absorbed.ok()) return internal(absorbed.error());
  change.absorbed = std::move(absorbed).value();
  if (const Status stored = store_.change_source(change); !stored.ok()) {
    return internal(stored.error());
  }
  Json answer = masked(ResourceKind::source, draft.body);
  bodies(ResourceKind::source)[name] = std::move(draft.body);
  current_.sources[name] = draft.spec;
  restart_users(ResourceKind::source, name);
  publish();
  return answer;
}

Outcome JobService::put_target(const Json& body, const std::string* stored_name) {
  auto draft = read_draft<TargetSpec>(body, stored_name, parse_target);
  restore_draft_secrets(draft, current_.targets, ResourceKind::target, stored_name);
  if (!draft.faults.empty()) return invalid(draft.faults);
  const std::string& name = draft.spec.name;
  if (stored_name == nullptr && exists(ResourceKind::target, name)) {
    return exists_already(ResourceKind::target, name);
  }
  if (const Status stored = store_.put_target(name, json_text(draft.body)); !stored.ok()) {
    return internal(stored.error());
  }
  Json answer = masked(ResourceKind::target, draft.body);
  bodies(ResourceKind::target)[name] = std::move(draft.body);
  current_.targets[name] = draft.spec;
  restart_users(ResourceKind::target, name);
  publish();
  return answer;
}

void JobService::restart_users(ResourceKind kind, const std::string& name) {
  for (const std::string& user : users_of(kind, name)) ++current_.jobs.at(user).revision;
}

Outcome JobService::put_job(const Json& body, const std::string* stored_name) {
  auto draft = read_draft<JobSpec>(body, stored_name, parse_job);
  // Another name is a fault already; without this the job would contradict itself as well.
  if (stored_name != nullptr) draft.spec.name = *stored_name;
  check_job(draft.spec, current_, draft.faults);
  if (!draft.faults.empty()) return invalid(draft.faults);
  const std::string& name = draft.spec.name;
  if (stored_name == nullptr && exists(ResourceKind::job, name)) {
    return exists_already(ResourceKind::job, name);
  }
  if (const Status stored = store_.put_job(name, json_text(draft.body)); !stored.ok()) {
    return internal(stored.error());
  }
  bodies(ResourceKind::job)[name] = draft.body;
  JobConfig& job = current_.jobs[name];
  job.spec = draft.spec;
  ++job.revision;
  publish();
  return draft.body;
}

Outcome JobService::remove(ResourceKind kind, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!exists(kind, name)) return not_found(kind, name);
  const std::vector<std::string> users = users_of(kind, name);
  if (!users.empty()) {
    std::string names;
    std::vector<Fault> details;
    for (const std::string& user : users) {
      names += (names.empty() ? "\"" : ", \"") + user + "\"";
      details.push_back({"jobs." + user, std::string("uses this ") + word(kind)});
    }
    return refusal(RefusalCode::in_use,
                   titled(kind, name) + " is in use by " +
                       (users.size() == 1 ? "the job " : "the jobs ") + names,
                   std::move(details));
  }
  if (const Status stored = store_removal(kind, name); !stored.ok()) {
    return internal(stored.error());
  }
  Json answer = masked(kind, bodies(kind).at(name));
  bodies(kind).erase(name);
  if (kind == ResourceKind::source) current_.sources.erase(name);
  if (kind == ResourceKind::target) current_.targets.erase(name);
  if (kind == ResourceKind::job) current_.jobs.erase(name);
  publish();
  return answer;
}

Status JobService::store_removal(ResourceKind kind, const std::string& name) {
  if (kind == ResourceKind::job) return store_.remove_job(name);
  if (kind == ResourceKind::target) return store_.remove_target(name);
  SourceChange change;
  change.name = name;
  change.retire_stored = true;
  change.heir = heir_of(name);
  return store_.change_source(change);
}

std::vector<std::string> JobService::users_of(ResourceKind kind, const std::string& name) const {
  std::vector<std::string> users;
  for (const auto& [job, config] : current_.jobs) {
    if ((kind == ResourceKind::source && config.spec.source == name) ||
        (kind == ResourceKind::target && config.spec.target == name)) {
      users.push_back(job);
    }
  }
  return users;
}

Outcome JobService::pause(const std::string& job) {
  if (Outcome saved = save_job_change(job, JobChange::pause); !saved.ok()) return saved;
  return status(job);
}

Outcome JobService::resume(const std::string& job) {
  if (Outcome saved = save_job_change(job, JobChange::resume); !saved.ok()) return saved;
  return status(job);
}

Outcome JobService::resync(const std::string& job, const Json& body) {
  Faults faults;
  const bool take_over = read_option(body, "take_over", faults);
  {
    const std::lock_guard lock(mutex_);
    if (!exists(ResourceKind::job, job)) return not_found(ResourceKind::job, job);
  }
  if (!faults.empty()) return invalid(faults);
  const JobChange change = take_over ? JobChange::take_over : JobChange::resync;
  if (Outcome saved = save_job_change(job, change); !saved.ok()) return saved;
  return status(job);
}

Outcome JobService::verify(const std::string& job, const Json& body) {
  Faults faults;
  const bool repair = read_option(body, "repair", faults);
  {
    const std::lock_guard lock(mutex_);
    if (!exists(ResourceKind::job, job)) return not_found(ResourceKind::job, job);
    if (!faults.empty()) return invalid(faults);
    if (const Status asked = verifications_.verify(job, repair); !asked.ok())
      return internal(asked.error());
  }
  return status(job);
}

Outcome JobService::save_job_change(const std::string& job, JobChange change) {
  const std::lock_guard lock(mutex_);
  const auto found = current_.jobs.find(job);
  if (found == current_.jobs.end()) return not_found(ResourceKind::job, job);
  JobConfig& config = found->second;
  const bool paused = change == JobChange::pause;
  const bool resync = change == JobChange::resync || change == JobChange::take_over;
  const bool take_over = change == JobChange::take_over;
  if (!resync && config.paused == paused) return Json(nullptr);
  const int64_t generation = config.resync_generation + 1;
  const Status stored = resync ? store_.set_resync_generation(job, generation, take_over)
                               : store_.set_paused(job, paused);
  if (!stored.ok()) return internal(stored.error());
  if (resync) {
    config.resync_generation = generation;
    config.take_over_generation = take_over ? generation : 0;
  } else {
    config.paused = paused;
  }
  publish();
  return Json(nullptr);
}

Outcome JobService::status(const std::string& job) const {
  {
    const std::lock_guard lock(mutex_);
    if (!exists(ResourceKind::job, job)) return not_found(ResourceKind::job, job);
  }
  // Without the mutex: the engine asks the source, which may take a second.
  const Result<JobStatus> found = jobs_.status(job);
  if (found.ok()) return status_json(*found);
  const std::lock_guard lock(mutex_);
  if (!exists(ResourceKind::job, job)) return not_found(ResourceKind::job, job);
  spdlog::error("job {} has no status: {}", job, found.error().message);
  return refusal(RefusalCode::internal, "the status could not be read, the log says why");
}

std::vector<UnreadyJob> JobService::unready_jobs() const {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, config] : current_.jobs) names.push_back(name);
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

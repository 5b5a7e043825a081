#include "control/resource_commands.h"

#include <utility>

#include "control/job_rules.h"
#include "control/left_sources.h"
#include "control/secrets.h"
#include "control/spec_parser.h"

namespace syncline::control {

namespace {

template <typename Spec>
struct SpecTraits;
template <>
struct SpecTraits<SourceSpec> {
  static constexpr ResourceKind kKind = ResourceKind::source;
  static constexpr auto kParse = parse_source;
};
template <>
struct SpecTraits<TargetSpec> {
  static constexpr ResourceKind kKind = ResourceKind::target;
  static constexpr auto kParse = parse_target;
};
template <>
struct SpecTraits<JobSpec> {
  static constexpr ResourceKind kKind = ResourceKind::job;
  static constexpr auto kParse = parse_job;
};

// The body of a PUT may leave the name out; the resource has it, in front.
Json with_name(const Json& body, const std::string* stored_name) {
  if (stored_name == nullptr || !body.is_object() || body.contains("name")) return body;
  Json named = {{"name", *stored_name}};
  named.update(body);
  return named;
}

Refusal in_use(ResourceKind kind, const std::string& name, const std::vector<std::string>& users) {
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

}  // namespace

const std::array<ResourceCommands::Traits, kResourceKinds> ResourceCommands::kTraits{{
    {&ResourceCommands::put<SourceSpec>, &ResourceCommands::store_source_removal,
     [](Configuration& current, const std::string& name) { current.sources.erase(name); },
     &JobSpec::source},
    {&ResourceCommands::put<TargetSpec>, &ResourceCommands::store_target_removal,
     [](Configuration& current, const std::string& name) { current.targets.erase(name); },
     &JobSpec::target},
    {&ResourceCommands::put<JobSpec>, &ResourceCommands::store_job_removal,
     [](Configuration& current, const std::string& name) { current.jobs.erase(name); }, nullptr},
}};

Outcome ResourceCommands::list(ResourceKind kind) const {
  const std::lock_guard lock(configured_.mutex);
  Json resources = Json::array();
  for (const auto& [name, body] : configured_.bodies(kind)) resources.push_back(masked(kind, body));
  return resources;
}

Outcome ResourceCommands::get(ResourceKind kind, const std::string& name) const {
  const std::lock_guard lock(configured_.mutex);
  const auto found = configured_.bodies(kind).find(name);
  if (found == configured_.bodies(kind).end()) return not_found(kind, name);
  return masked(kind, found->second);
}

Outcome ResourceCommands::create(ResourceKind kind, const Json& body) {
  const std::lock_guard lock(configured_.mutex);
  return (this->*traits(kind).put)(body, nullptr);
}

Outcome ResourceCommands::replace(ResourceKind kind, const std::string& name, const Json& body) {
  const std::lock_guard lock(configured_.mutex);
  if (!configured_.exists(kind, name)) return not_found(kind, name);
  return (this->*traits(kind).put)(body, &name);
}

Outcome ResourceCommands::remove(ResourceKind kind, const std::string& name) {
  const std::lock_guard lock(configured_.mutex);
  if (!configured_.exists(kind, name)) return not_found(kind, name);
  const std::vector<std::string> users = users_of(kind, name);
  if (!users.empty()) return in_use(kind, name, users);
  if (const Status stored = (this->*traits(kind).store_removal)(name); !stored.ok()) {
    return not_stored(stored.error());
  }
  Json answer = masked(kind, configured_.bodies(kind).at(name));
  configured_.bodies(kind).erase(name);
  traits(kind).erase(configured_.current, name);
  publisher_.publish(configured_.current);
  return answer;
}

template <typename Spec>
Outcome ResourceCommands::put(const Json& body, const std::string* stored_name) {
  constexpr ResourceKind kKind = SpecTraits<Spec>::kKind;
  Draft<Spec> draft = read_draft<Spec>(body, stored_name);
  check(draft, stored_name);
  if (!draft.faults.empty()) return invalid(draft.faults);
  const std::string name = draft.spec.name;
  if (stored_name == nullptr && configured_.exists(kKind, name)) return exists_already(kKind, name);
  if (const Status stored = store(draft, stored_name); !stored.ok()) {
    return not_stored(stored.error());
  }
  Json answer = masked(kKind, draft.body);
  configured_.bodies(kKind)[name] = std::move(draft.body);
  take(std::move(draft.spec));
  publisher_.publish(configured_.current);
  return answer;
}

template <typename Spec>
ResourceCommands::Draft<Spec> ResourceCommands::read_draft(const Json& body,
                                                           const std::string* stored_name) {
  Draft<Spec> draft;
  draft.body = with_name(body, stored_name);
  draft.spec = SpecTraits<Spec>::kParse(draft.body, draft.faults);
  if (stored_name != nullptr && draft.body.is_object() && draft.spec.name != *stored_name) {
    draft.faults.add("name", "must be left out or be \"" + *stored_name + "\"");
  }
  return draft;
}

void ResourceCommands::check(Draft<SourceSpec>& draft, const std::string* stored_name) const {
  restore(draft, configured_.current.sources, ResourceKind::source, stored_name);
}

void ResourceCommands::check(Draft<TargetSpec>& draft, const std::string* stored_name) const {
  restore(draft, configured_.current.targets, ResourceKind::target, stored_name);
}

void ResourceCommands::check(Draft<JobSpec>& draft, const std::string* stored_name) const {
  // Another name is a fault already; without this the job would contradict itself as well.
  if (stored_name != nullptr) draft.spec.name = *stored_name;
  check_job(draft.spec, configured_.current, draft.faults);
}

// Secrets that a client sends back as stars.
template <typename Spec>
void ResourceCommands::restore(Draft<Spec>& draft, const std::map<std::string, Spec>& specs,
                               ResourceKind kind, const std::string* stored_name) const {
  if (stored_name == nullptr) {
    restore_secrets(draft.spec, draft.body, nullptr, draft.faults);
    return;
  }
  const Stored<Spec> stored{specs.at(*stored_name), configured_.bodies(kind).at(*stored_name)};
  restore_secrets(draft.spec, draft.body, &stored, draft.faults);
}

Status ResourceCommands::store(const Draft<SourceSpec>& draft, const std::string* stored_name) {
  SourceChange change;
  change.name = draft.spec.name;
  change.body = json_text(draft.body);
  if (stored_name != nullptr) {
    // Another host or port may lead to the same database (a failover, another address), so only
    // these two tell that the old one is left behind.
    const SourceSpec& before = configured_.current.sources.at(*stored_name);
    change.retire_stored = before.database != draft.spec.database ||
                           before.capture_schema != draft.spec.capture_schema;
    change.heir = heir_of(configured_.current, *stored_name);
  }
  SYNCLINE_ASSIGN(change.absorbed, retired_at_place_of(store_, draft.spec));
  return store_.change_source(change);
}

Status ResourceCommands::store(const Draft<TargetSpec>& draft, const std::string*) {
  return store_.put_target(draft.spec.name, json_text(draft.body));
}

Status ResourceCommands::store(const Draft<JobSpec>& draft, const std::string*) {
  return store_.put_job(draft.spec.name, json_text(draft.body));
}

void ResourceCommands::take(SourceSpec spec) {
  const std::string name = spec.name;
  configured_.current.sources[name] = std::move(spec);
  restart_users(ResourceKind::source, name);
}

void ResourceCommands::take(TargetSpec spec) {
  const std::string name = spec.name;
  configured_.current.targets[name] = std::move(spec);
  restart_users(ResourceKind::target, name);
}

void ResourceCommands::take(JobSpec spec) {
  JobConfig& job = configured_.current.jobs[spec.name];
  job.spec = std::move(spec);
  ++job.revision;
}

Status ResourceCommands::store_source_removal(const std::string& name) {
  SourceChange change;
  change.name = name;
  change.retire_stored = true;
  change.heir = heir_of(configured_.current, name);
  return store_.change_source(change);
}

void ResourceCommands::restart_users(ResourceKind kind, const std::string& name) {
  for (const std::string& user : users_of(kind, name)) {
    ++configured_.current.jobs.at(user).revision;
  }
}

std::vector<std::string> ResourceCommands::users_of(ResourceKind kind,
                                                    const std::string& name) const {
  std::vector<std::string> users;
  const auto named_by = traits(kind).named_by;
  if (named_by == nullptr) return users;
  for (const auto& [job, config] : configured_.current.jobs) {
    if (config.spec.*named_by == name) users.push_back(job);
  }
  return users;
}

}  // namespace syncline::control

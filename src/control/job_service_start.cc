// The side of JobService that faces the store's sources and the engine: reading what is stored,
// what is to be cleaned.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/job_service.h"
#include "control/spec_parser.h"

namespace syncline::control {

namespace {

// The same schema of the same database, as far as the configuration tells.
bool same_place(const SourceSpec& a, const SourceSpec& b) {
  return a.host == b.host && a.port == b.port && a.database == b.database &&
         a.capture_schema == b.capture_schema;
}

// A stored body was checked before it was stored; if it cannot be read now, a newer version wrote
// it or a hand did.
template <typename Spec>
Result<std::pair<Spec, Json>> read_stored(const std::string& name, const std::string& text,
                                          Spec (*parse)(const Json&, Faults&)) {
  auto body = parse_json(text);
  if (!body.ok()) return Error::needs_person("stored \"" + name + "\": " + body.error().message);
  Faults faults;
  Spec spec = parse(*body, faults);
  if (!faults.empty()) {
    return Error::needs_person("stored \"" + name + "\": " + invalid(faults).message);
  }
  return std::pair<Spec, Json>(std::move(spec), std::move(body).value());
}

}  // namespace

Status JobService::start() {
  const std::lock_guard lock(mutex_);
  SYNCLINE_RETURN_IF_ERROR(load_sources());
  SYNCLINE_RETURN_IF_ERROR(load_targets());
  SYNCLINE_RETURN_IF_ERROR(load_jobs());
  publish();
  return {};
}

Status JobService::load_sources() {
  SYNCLINE_ASSIGN(const std::vector<StoredSource> stored, store_.sources());
  for (const auto& [name, text, installed] : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<SourceSpec>(name, text, parse_source));
    current_.sources[name] = std::move(read.first);
    bodies(ResourceKind::source)[name] = std::move(read.second);
  }
  return {};
}

Status JobService::load_targets() {
  SYNCLINE_ASSIGN(const std::vector<StoredResource> stored, store_.targets());
  for (const auto& [name, text] : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<TargetSpec>(name, text, parse_target));
    current_.targets[name] = std::move(read.first);
    bodies(ResourceKind::target)[name] = std::move(read.second);
  }
  return {};
}

Status JobService::load_jobs() {
  SYNCLINE_ASSIGN(const std::vector<StoredJob> stored, store_.jobs());
  for (const StoredJob& job : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<JobSpec>(job.name, job.body, parse_job));
    current_.jobs[job.name] = {std::move(read.first), job.paused, job.resync_generation,
                               job.take_over_generation};
    bodies(ResourceKind::job)[job.name] = std::move(read.second);
  }
  return {};
}

std::optional<std::string> JobService::heir_of(const std::string& source) const {
  const SourceSpec& spec = current_.sources.at(source);
  for (const auto& [name, other] : current_.sources) {
    if (name != source && same_place(other, spec)) return name;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> JobService::retired_at_place_of(const SourceSpec& source) const {
  SYNCLINE_ASSIGN(const std::vector<StoredSource> retired, store_.retired_sources());
  std::vector<std::string> names;
  for (const auto& [name, text, installed] : retired) {
    SYNCLINE_ASSIGN(const auto read, read_stored<SourceSpec>(name, text, parse_source));
    if (same_place(read.first, source)) names.push_back(name);
  }
  return names;
}

Result<std::map<std::string, SourceSpec>> JobService::find_sources_to_clean() const {
  // What a job needs, under whatever name it reaches it, is never cleaned.
  const auto needed = [this](const SourceSpec& spec) {
    return std::any_of(current_.jobs.begin(), current_.jobs.end(), [&](const auto& job) {
      const auto source = current_.sources.find(job.second.spec.source);
      return source != current_.sources.end() && same_place(source->second, spec);
    });
  };
  std::map<std::string, SourceSpec> to_clean;
  SYNCLINE_ASSIGN(const std::vector<StoredSource> stored, store_.sources());
  for (const StoredSource& source : stored) {
    const auto found = current_.sources.find(source.name);
    if (source.installed && found != current_.sources.end() && !needed(found->second)) {
      to_clean[source.name] = found->second;
    }
  }
  SYNCLINE_ASSIGN(const std::vector<StoredSource> retired, store_.retired_sources());
  for (const StoredSource& source : retired) {
    SYNCLINE_ASSIGN(auto read, read_stored<SourceSpec>(source.name, source.body, parse_source));
    if (needed(read.first)) continue;
    read.first.name = source.name;
    to_clean[source.name] = std::move(read.first);
  }
  return to_clean;
}

void JobService::publish() {
  for (const auto& [name, source] : current_.sources) hide_in_log(source.password, source.user);
  for (const auto& [name, target] : current_.targets) {
    hide_in_log(target.password, target.username);
    hide_in_log(target.api_key);
  }
  auto to_clean = find_sources_to_clean();
  if (to_clean.ok()) {
    current_.sources_to_clean = std::move(to_clean).value();
  } else {
    // Cleaning can wait for the next change; the change at hand is stored and cannot.
    spdlog::error("what is to be cleaned could not be read: {}", to_clean.error().message);
    current_.sources_to_clean.clear();
  }
  jobs_.apply(std::make_shared<const Configuration>(current_));
}

}  // namespace syncline::control

#include "control/job_rules.h"

#include <map>
#include <string>

#include "control/json.h"
#include "control/object_reader.h"

namespace syncline {

namespace {

std::string on_index_of(const JobSpec& other) {
  return "job \"" + other.name + "\" on the same index ";
}

void check_id_length(const JobSpec& job, const JobSpec& other, Faults& faults) {
  if (job.type == JobType::property || other.type == JobType::property) return;
  if (job.id.empty() || other.id.empty() || job.id.size() == other.id.size()) return;
  faults.add("target.id", on_index_of(other) + "makes its ids of " +
                              std::to_string(other.id.size()) + ", this one of " +
                              std::to_string(job.id.size()));
}

void check_fields(const JobSpec& job, const JobSpec& other, Faults& faults) {
  std::map<std::string, const Mapping*> theirs;
  for (const Mapping& mapping : other.mappings) theirs.emplace(mapping.alias, &mapping);
  for (size_t i = 0; i < job.mappings.size(); ++i) {
    const Mapping& mapping = job.mappings[i];
    const auto found = theirs.find(mapping.alias);
    if (found == theirs.end()) continue;
    const std::string path = element_path("target.mappings", i);
    const std::string field = "the field \"" + mapping.alias + "\" ";
    if (found->second->type != mapping.type) {
      faults.add(path + ".type",
                 on_index_of(other) + "gives " + field + "the type " + found->second->type);
    } else if (found->second->params_json != mapping.params_json) {
      faults.add(path + ".params", on_index_of(other) + "gives " + field + "other params");
    }
  }
}

// {"index": {"number_of_shards": 1}}, {"index.number_of_shards": "1"} and {"number_of_shards": 1}
// are one setting.
void flatten_settings(const nlohmann::json& value, const std::string& path,
                      std::map<std::string, std::string>& settings) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      flatten_settings(inner, path.empty() ? name : path + "." + name, settings);
    }
    return;
  }
  const std::string name = path.starts_with("index.") ? path.substr(6) : path;
  settings[name] = value.is_string() ? value.get<std::string>() : value.dump();
}

std::map<std::string, std::string> settings_of(const JobSpec& job) {
  std::map<std::string, std::string> settings;
  if (!job.settings_json.empty()) {
    flatten_settings(nlohmann::json::parse(job.settings_json), "", settings);
  }
  return settings;
}

void check_settings(const JobSpec& job, const JobSpec& other, Faults& faults) {
  const auto theirs = settings_of(other);
  for (const auto& [name, value] : settings_of(job)) {
    const auto found = theirs.find(name);
    if (found == theirs.end() || found->second == value) continue;
    faults.add("target.settings",
               on_index_of(other) + "gives the setting \"" + name + "\" another value");
  }
}

}  // namespace

void check_job(const JobSpec& job, const Configuration& configuration, Faults& faults) {
  if (!job.source.empty() && !configuration.sources.contains(job.source)) {
    faults.add("source.name", "there is no source \"" + job.source + "\"");
  }
  if (!job.target.empty() && !configuration.targets.contains(job.target)) {
    faults.add("target.name", "there is no target \"" + job.target + "\"");
  }
  for (const auto& [name, other] : configuration.jobs) {
    const JobSpec& spec = other.spec;
    if (name == job.name || spec.target != job.target || spec.index != job.index) continue;
    check_id_length(job, spec, faults);
    check_fields(job, spec, faults);
    check_settings(job, spec, faults);
  }
}

}  // namespace syncline

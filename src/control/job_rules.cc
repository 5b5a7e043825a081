#include "control/job_rules.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "control/field_types.h"
#include "control/job_fields.h"
#include "control/json.h"
#include "control/object_reader.h"

namespace syncline::control {

namespace {

// Another job on the same index.
struct Neighbour {
  const JobSpec* spec;
  FieldSet written;
};
using Neighbours = std::vector<Neighbour>;

std::string quoted(const std::string& name) {
  return "\"" + name + "\"";
}

std::string on_index_of(const JobSpec& other) {
  return "job " + quoted(other.name) + " on the same index ";
}

void check_id_length(const JobSpec& job, const JobSpec& other, Faults& faults) {
  if (job.type == JobType::property || other.type == JobType::property) return;
  if (job.id.empty() || other.id.empty() || job.id.size() == other.id.size()) return;
  faults.add("target.id", on_index_of(other) + "makes its ids of " +
                              std::to_string(other.id.size()) + ", this one of " +
                              std::to_string(job.id.size()));
}

void check_field_types(const JobSpec& job, const JobSpec& other, Faults& faults) {
  if (job.type != JobType::index || other.type != JobType::index) return;
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

void check_conflicts(const JobSpec& job, const Neighbour& other, Faults& faults) {
  const bool may_share = job.type == JobType::index && other.spec->type == JobType::index;
  for (const JobField& field : fields_written(job)) {
    const std::string mine = "the field " + quoted(field.name);
    if (const JobField* outer = other.written.at_or_around(field.name)) {
      if (outer->name == field.name) {
        if (!may_share)
          faults.add(field.place, on_index_of(*other.spec) + "writes " + mine + " too");
        continue;
      }
      faults.add(field.place, mine + " lies inside of " + quoted(outer->name) + ", which " +
                                  on_index_of(*other.spec) + "writes");
    } else if (const JobField* inner = other.written.inside(field.name)) {
      faults.add(field.place, on_index_of(*other.spec) + "writes " + quoted(inner->name) +
                                  ", which lies inside of " + mine);
    }
  }
}

bool is_index_job(const Neighbour& neighbour) {
  return neighbour.spec->type == JobType::index;
}

void check_counts(const JobSpec& job, const Neighbours& others, Faults& faults) {
  if (others.size() >= kJobsOnIndexMax) {
    faults.add("target.index", "has " + std::to_string(others.size()) +
                                   " jobs already, the most that one can have");
  }
  const auto count = std::count_if(others.begin(), others.end(), is_index_job);
  if (job.type == JobType::index && static_cast<size_t>(count) >= kIndexJobsMax) {
    faults.add("target.index", "has " + std::to_string(count) +
                                   " jobs of type index already, the most that one can have");
  }
}

bool leads_into_own_field(const JobSpec& job) {
  return FieldSet(fields_written(job)).at_or_around(job.compare_target) != nullptr;
}

void check_compare_target(const JobSpec& job, const Neighbours& others, Faults& faults) {
  if (job.type != JobType::property || job.compare_target.empty()) return;
  if (std::none_of(others.begin(), others.end(), is_index_job)) return;  // whatever its owner has
  const bool found = std::any_of(others.begin(), others.end(), [&](const Neighbour& other) {
    return FieldSet(fields_to_compare(*other.spec)).at_or_around(job.compare_target) != nullptr;
  });
  if (found || leads_into_own_field(job)) return;  // its own: a circle, noted as such
  faults.add("target.property.compare.target",
             "no other job on this index gives the field " + quoted(job.compare_target));
}

// The property jobs that set the field which `job` compares with.
std::vector<const JobSpec*> setters_of_target(const JobSpec& job, const Neighbours& others) {
  std::vector<const JobSpec*> setters;
  for (const Neighbour& other : others) {
    if (other.spec->type == JobType::property &&
        other.written.at_or_around(job.compare_target) != nullptr) {
      setters.push_back(other.spec);
    }
  }
  return setters;
}

// The shortest way from the job over what sets its compare target, and so on, to a job that
// compares with what the first one sets; empty if there is none. `job` itself is the way if it
// compares with its own field.
std::vector<const JobSpec*> find_circle(const JobSpec& job, const Neighbours& others) {
  const FieldSet own(fields_written(job));
  std::vector<const JobSpec*> reached = {&job};
  std::map<const JobSpec*, const JobSpec*> reached_from = {{&job, nullptr}};
  for (size_t i = 0; i < reached.size(); ++i) {
    const JobSpec* const last = reached[i];
    if (own.at_or_around(last->compare_target) != nullptr) {
      std::vector<const JobSpec*> way;
      for (const JobSpec* step = last; step != nullptr; step = reached_from[step])
        way.push_back(step);
      std::reverse(way.begin(), way.end());
      return way;
    }
    for (const JobSpec* next : setters_of_target(*last, others)) {
      if (reached_from.emplace(next, last).second) reached.push_back(next);
    }
  }
  return {};
}

void check_circle(const JobSpec& job, const Neighbours& others, Faults& faults) {
  if (job.type != JobType::property) return;
  const std::vector<const JobSpec*> circle = find_circle(job, others);
  if (circle.empty()) return;
  std::string chain;
  for (const JobSpec* step : circle) chain += quoted(step->name) + " → ";
  faults.add("target.property.compare.target",
             "each of these jobs compares with a field that the next one sets, in a circle: " +
                 chain + quoted(job.name));
}

void check_known_types(const JobSpec& job, Faults& faults) {
  for (size_t i = 0; i < job.mappings.size(); ++i) {
    const std::string path = element_path("target.mappings", i) + ".type";
    const auto fault = unknown_type_fault(job.mappings[i].type);
    if (fault && !faults.at(path)) faults.add(path, *fault);
  }
}

Neighbours neighbours_of(const JobSpec& job, const Configuration& configuration) {
  Neighbours neighbours;
  for (const auto& [name, other] : configuration.jobs) {
    const JobSpec& spec = other.spec;
    if (name == job.name || spec.target != job.target || spec.index != job.index) continue;
    neighbours.push_back({&spec, FieldSet(fields_written(spec))});
  }
  return neighbours;
}

}  // namespace

void check_job(const JobSpec& job, const Configuration& configuration, Faults& faults) {
  if (!job.source.empty() && !configuration.sources.contains(job.source)) {
    faults.add("source.name", "there is no source " + quoted(job.source));
  }
  if (!job.target.empty() && !configuration.targets.contains(job.target)) {
    faults.add("target.name", "there is no target " + quoted(job.target));
  }
  check_known_types(job, faults);
  const Neighbours others = neighbours_of(job, configuration);
  for (const Neighbour& other : others) check_settings(job, *other.spec, faults);
  // Of a job without a type, or whose mappings are no list, nobody knows what it writes.
  if (faults.at("target.type") || faults.at("target.mappings")) return;
  check_counts(job, others, faults);
  for (const Neighbour& other : others) {
    check_id_length(job, *other.spec, faults);
    check_field_types(job, *other.spec, faults);
    check_conflicts(job, other, faults);
  }
  check_compare_target(job, others, faults);
  check_circle(job, others, faults);
}

}  // namespace syncline::control

#include "control/job_fields.h"

#include <algorithm>
#include <utility>

#include "control/object_reader.h"

namespace syncline::control {

std::string compare_column(const JobSpec& job) {
  const std::string& given = job.compare_source;
  if (std::find(job.columns.begin(), job.columns.end(), given) != job.columns.end()) return given;
  for (const Mapping& mapping : job.mappings) {
    if (mapping.alias == given) return mapping.source_column;
  }
  return given;
}

std::vector<JobField> row_fields(const JobSpec& job) {
  const std::string left_out = job.type == JobType::property ? compare_column(job) : "";
  std::vector<JobField> fields;
  // Empty names are faults of their own.
  const auto add = [&](const std::string& name, const std::string& column, std::string place) {
    if (!name.empty() && (left_out.empty() || column != left_out)) {
      fields.push_back({name, std::move(place)});
    }
  };
  for (size_t i = 0; i < job.mappings.size(); ++i) {
    const Mapping& mapping = job.mappings[i];
    add(mapping.alias, mapping.source_column, element_path("target.mappings", i) + ".alias");
  }
  if (!job.mappings.empty()) return fields;
  for (size_t i = 0; i < job.columns.size(); ++i) {
    add(job.columns[i], job.columns[i], element_path("source.columns", i));
  }
  return fields;
}

std::vector<JobField> fields_written(const JobSpec& job) {
  if (job.type != JobType::object && job.type != JobType::nested) return row_fields(job);
  const bool object = job.type == JobType::object;
  const std::string& name = object ? job.object_name : job.nested_name;
  if (name.empty()) return {};
  return {{name, object ? "target.object.name" : "target.nested.name"}};
}

std::vector<JobField> fields_to_compare(const JobSpec& job) {
  if (job.type != JobType::object) return fields_written(job);
  std::vector<JobField> fields = row_fields(job);
  for (JobField& field : fields) field.name.insert(0, job.object_name + ".");
  return fields;
}

FieldSet::FieldSet(std::vector<JobField> fields) : fields_(std::move(fields)) {
  for (size_t i = 0; i < fields_.size(); ++i) positions_.emplace(fields_[i].name, i);
}

const JobField* FieldSet::at_or_around(const std::string& name) const {
  for (size_t end = name.find('.');; end = name.find('.', end + 1)) {
    const auto found = positions_.find(name.substr(0, end));
    if (found != positions_.end()) return &fields_[found->second];
    if (end == std::string::npos) return nullptr;
  }
}

const JobField* FieldSet::inside(const std::string& name) const {
  const std::string prefix = name + ".";
  const auto found = positions_.lower_bound(prefix);
  if (found == positions_.end() || !found->first.starts_with(prefix)) return nullptr;
  return &fields_[found->second];
}

}  // namespace syncline::control

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "control/job_fields.h"
#include "control/names.h"
#include "control/object_reader.h"
#include "control/spec_parser.h"

namespace syncline::control {

namespace {

constexpr int64_t kSweepSecondsMax = 24 * 60 * 60;
constexpr int64_t kVerifyHoursMax = 365 * 24;

const std::map<std::string, JobType, std::less<>>& job_types() {
  static const std::map<std::string, JobType, std::less<>> types = {{"index", JobType::index},
                                                                    {"property", JobType::property},
                                                                    {"object", JobType::object},
                                                                    {"nested", JobType::nested}};
  return types;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Reads one job's body. The parts that refer to one another (ids, mappings, columns) are compared
// at the end.
class JobParser {
 public:
  explicit JobParser(Faults& faults) : faults_(faults) {}

  JobSpec parse(const Json& body) {
    ObjectReader reader(body, "", faults_);
    if (const auto name = reader.text("name", Need::required)) {
      job_.name = *name;
      if (const auto message = resource_name_fault(*name)) reader.fault("name", *message);
    }
    if (const Json* source = reader.object("source", Need::required)) read_source(*source);
    if (const Json* target = reader.object("target", Need::required)) read_target(*target);
    job_.verify_every_hours = static_cast<int>(
        reader.integer("verify_every_hours", Need::optional, 0, kVerifyHoursMax).value_or(0));
    reader.finish();
    check_columns();
    check_aliases();
    check_ids();
    check_place();
    return std::move(job_);
  }

 private:
  void read_source(const Json& given);
  void read_target(const Json& given);
  void read_type(ObjectReader& target);
  void read_id(ObjectReader& target);
  void read_place(ObjectReader& target);
  void read_compare(const Json& given);
  void read_mappings(ObjectReader& target);
  Mapping read_mapping(const Json& given, const std::string& path);

  void check_columns();
  void check_aliases();
  void check_columns_as_fields();
  void check_nesting();
  void check_ids();
  void check_place();

  // The fields that a row gives: the aliases, or the columns where they map to themselves.
  bool gives_field(const std::string& name) const { return field_names_.contains(name); }
  std::string field_word() const {
    return job_.mappings.empty() ? "one of source.columns" : "an alias of target.mappings";
  }

  Faults& faults_;
  JobSpec job_;
  std::optional<JobType> type_;
  bool mappings_read_ = false;
  bool columns_read_ = false;
  bool id_is_list_ = false;
  std::set<std::string> field_names_;
};

void JobParser::read_source(const Json& given) {
  ObjectReader source(given, "source", faults_);
  job_.source = source.filled_text("name", Need::required).value_or("");
  if (const auto table = source.text("table_name", Need::required)) {
    std::string fault;
    if (auto parsed = parse_table_name(*table, fault)) {
      job_.schema = std::move(parsed->schema);
      job_.table = std::move(parsed->table);
    } else {
      source.fault("table_name", std::move(fault));
    }
  }
  if (const Json* columns = source.array("columns", Need::required)) {
    columns_read_ = true;
    job_.columns = read_distinct_texts(*columns, source.path("columns"), faults_);
    for (size_t i = 0; i < columns->size(); ++i) {
      if (!(*columns)[i].is_string()) continue;
      const auto message = column_name_fault((*columns)[i].get_ref<const std::string&>());
      if (message) faults_.add(element_path(source.path("columns"), i), *message);
    }
  }
  source.finish();
}

void JobParser::read_target(const Json& given) {
  ObjectReader target(given, "target", faults_);
  job_.target = target.filled_text("name", Need::required).value_or("");
  if (const auto index = target.text("index", Need::required)) {
    job_.index = *index;
    if (const auto message = index_name_fault(*index)) target.fault("index", *message);
  }
  read_type(target);
  read_id(target);
  read_place(target);
  read_mappings(target);
  if (const Json* settings = target.object("settings", Need::optional)) {
    job_.settings_json = canonical_object_text(*settings);
  }
  job_.foreign_sweep_seconds = static_cast<int>(
      target.integer("foreign_sweep_seconds", Need::optional, 1, kSweepSecondsMax).value_or(60));
  target.finish();
}

void JobParser::read_type(ObjectReader& target) {
  const auto given = target.text("type", Need::required);
  if (!given) return;
  const auto found = job_types().find(*given);
  if (found == job_types().end()) {
    target.fault("type", "must be one of index, property, object and nested");
    return;
  }
  job_.type = found->second;
  type_ = found->second;
}

void JobParser::read_id(ObjectReader& target) {
  const bool needed = type_ && type_ != JobType::property;
  const Json* const given = target.value("id", needed ? Need::required : Need::optional);
  if (given == nullptr) return;
  if (type_ == JobType::property) {
    target.fault("id", "is not for type property, which finds documents by property.compare");
  } else if (given->is_array()) {
    id_is_list_ = true;
    job_.id = read_distinct_texts(*given, target.path("id"), faults_);
    if (given->empty()) target.fault("id", "must name at least one alias");
  } else if (const auto alias = target.filled_text("id", Need::optional);
             alias && given->is_string()) {
    job_.id = {*alias};
  }
}

// Where the rows go: the one of property, object and nested that belongs to the type.
void JobParser::read_place(ObjectReader& target) {
  for (const auto& [word, type] : job_types()) {
    if (type == JobType::index) continue;
    const bool own = type_ == type;
    const Json* const given = target.object(word, own ? Need::required : Need::optional);
    if (given == nullptr) continue;
    if (type_ && !own) target.fault(word, "is only for jobs of type " + word);
    if (type == JobType::property) {
      read_compare(*given);
      continue;
    }
    ObjectReader place(*given, target.path(word), faults_);
    std::string& name = type == JobType::object ? job_.object_name : job_.nested_name;
    name = place.text("name", Need::required).value_or("");
    if (place.has("name") && (*given)["name"].is_string()) {
      if (const auto message = field_name_fault(name)) place.fault("name", *message);
    }
    if (type == JobType::nested) {
      job_.nested_id = place.filled_text("id", Need::required).value_or("");
    }
    place.finish();
  }
}

void JobParser::read_compare(const Json& given) {
  ObjectReader property(given, "target.property", faults_);
  if (const Json* object = property.object("compare", Need::required)) {
    ObjectReader compare(*object, "target.property.compare", faults_);
    job_.compare_source = compare.filled_text("source", Need::required).value_or("");
    job_.compare_target = compare.filled_text("target", Need::required).value_or("");
    if (const auto message = field_name_fault(job_.compare_target);
        message && !job_.compare_target.empty()) {
      compare.fault("target", *message);
    }
    compare.finish();
  }
  property.finish();
}

void JobParser::read_mappings(ObjectReader& target) {
  const Json* const given = target.array("mappings", Need::required);
  if (given == nullptr) return;
  mappings_read_ = true;
  for (size_t i = 0; i < given->size(); ++i) {
    job_.mappings.push_back(read_mapping((*given)[i], element_path(target.path("mappings"), i)));
  }
}

Mapping JobParser::read_mapping(const Json& given, const std::string& path) {
  Mapping mapping;
  ObjectReader reader(given, path, faults_);
  mapping.source_column = reader.filled_text("source_column", Need::required).value_or("");
  if (const auto alias = reader.text("alias", Need::required)) {
    mapping.alias = *alias;
    if (const auto message = field_name_fault(*alias)) reader.fault("alias", *message);
  }
  if (const auto type = reader.text("type", Need::required)) {
    mapping.type = *type;
    if (const auto message = field_type_fault(*type)) reader.fault("type", *message);
  }
  if (const Json* params = reader.object("params", Need::optional)) {
    mapping.params_json = canonical_object_text(*params);
    if (params->contains("type")) {
      faults_.add(reader.path("params") + ".type", "is given by the mapping's own type");
    }
  }
  reader.finish();
  return mapping;
}

void JobParser::check_columns() {
  if (!columns_read_) return;
  if (job_.columns.empty()) {
    faults_.add("source.columns", mappings_read_ && job_.mappings.empty()
                                      ? "must not be empty when target.mappings is"
                                      : "must name at least one column");
  }
  for (size_t i = 0; i < job_.mappings.size(); ++i) {
    const std::string& column = job_.mappings[i].source_column;
    if (column.empty() || contains(job_.columns, column)) continue;
    faults_.add(element_path("target.mappings", i) + ".source_column",
                "\"" + column + "\" is not among source.columns");
  }
}

void JobParser::check_aliases() {
  std::set<std::string> seen;
  for (size_t i = 0; i < job_.mappings.size(); ++i) {
    const std::string& alias = job_.mappings[i].alias;
    if (alias.empty()) continue;
    if (!seen.insert(alias).second) {
      faults_.add(element_path("target.mappings", i) + ".alias",
                  "is given twice: \"" + alias + "\"");
    }
    field_names_.insert(alias);
  }
  if (!mappings_read_) return;
  if (job_.mappings.empty()) check_columns_as_fields();
  check_nesting();
}

void JobParser::check_columns_as_fields() {
  field_names_.insert(job_.columns.begin(), job_.columns.end());
  for (size_t i = 0; i < job_.columns.size(); ++i) {
    if (const auto message = field_name_fault(job_.columns[i])) {
      faults_.add(element_path("source.columns", i), "as the name of a field it " + *message);
    }
  }
}

// A dot leads into an object: "a" cannot hold a number when "a.b" makes it an object.
void JobParser::check_nesting() {
  const FieldSet fields(row_fields(job_));
  for (const JobField& field : fields.fields()) {
    const JobField* const outer = fields.at_or_around(field.name);
    if (outer->name == field.name) continue;
    faults_.add(field.place, "\"" + field.name + "\" lies inside of the field \"" + outer->name +
                                 "\" of this job");
  }
}

void JobParser::check_ids() {
  if (!mappings_read_) return;
  for (size_t i = 0; i < job_.id.size(); ++i) {
    if (gives_field(job_.id[i])) continue;
    faults_.add(id_is_list_ ? element_path("target.id", i) : "target.id",
                "\"" + job_.id[i] + "\" is not " + field_word());
  }
}

void JobParser::check_place() {
  if (!mappings_read_) return;
  if (type_ == JobType::nested && !job_.nested_id.empty() && !gives_field(job_.nested_id)) {
    faults_.add("target.nested.id", "\"" + job_.nested_id + "\" is not " + field_word());
  }
  const std::string& compare = job_.compare_source;
  if (type_ == JobType::property && !compare.empty() && !contains(job_.columns, compare) &&
      !gives_field(compare)) {
    faults_.add("target.property.compare.source",
                "\"" + compare + "\" is neither one of source.columns nor an alias");
  }
}

}  // namespace

JobSpec parse_job(const Json& body, Faults& faults) {
  return JobParser(faults).parse(body);
}

}  // namespace syncline::control

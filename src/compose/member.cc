#include "compose/member.h"

#include <algorithm>

#include "base/digest.h"
#include "capture/privileges.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

const Mapping* mapping_of_alias(const std::vector<Mapping>& mappings, const std::string& alias) {
  const auto found = std::find_if(mappings.begin(), mappings.end(),
                                  [&](const Mapping& m) { return m.alias == alias; });
  return found == mappings.end() ? nullptr : &*found;
}

// A job may name the narrower type; a wider column asks for the wider one.
std::string field_type(const std::string& wanted, const PgType& type) {
  if (wanted == "integer" && type.name == "pg_catalog.int8") return "long";
  if (wanted == "float" && (type.name == "pg_catalog.float8" || type.name == "pg_catalog.numeric"))
    return "double";
  return wanted;
}

// A column, or an alias of one.
std::string compare_column(const JobSpec& spec, const std::vector<Mapping>& mappings) {
  const std::string& name = spec.compare_source;
  if (std::find(spec.columns.begin(), spec.columns.end(), name) != spec.columns.end()) return name;
  const Mapping* mapping = mapping_of_alias(mappings, name);
  return mapping == nullptr ? name : mapping->source_column;
}

Status check_columns(const Member& member) {
  const JobSpec& spec = member.config.spec;
  std::string missing;
  for (const std::string& column : spec.columns) {
    if (member.table.column(column) == nullptr) missing += (missing.empty() ? "" : ", ") + column;
  }
  if (missing.empty()) return {};
  return Error::needs_person("table " + member.table.qualified_name + " has no column " + missing +
                                 "; add it, or take it out of the job's columns and mappings",
                             Origin::database, "42703");
}

void fill_in_mappings(Member& member) {
  member.mappings = member.config.spec.mappings;
  if (!member.mappings.empty()) return;
  for (const std::string& column : member.config.spec.columns) {
    const postgres::AutomaticField& field = member.table.column(column)->field;
    member.mappings.push_back({column, column, field.type, field.params_json});
  }
}

// Triggers see NULL in its place, so a change of it could not be told.
Status check_stored(const postgres::ColumnInfo& column) {
  if (!column.is_virtual) return {};
  return Error::needs_person("column " + column.name +
                             " is generated when it is read (VIRTUAL), so its changes cannot be"
                             " followed; make it STORED, or choose another column");
}

Status add_link(Member& member, const postgres::ColumnInfo& column) {
  SYNCLINE_RETURN_IF_ERROR(check_stored(column));
  if (!document::DocumentIdCodec::supports(*column.type)) {
    return Error::needs_person(
        "column " + column.name + " is of type " + column.type->name +
        ", whose values cannot be a document's id; choose a column with scalar values");
  }
  member.link.push_back(column.name);
  member.link_types.push_back(column.type);
  return {};
}

Status resolve_compare_column(Member& member) {
  const std::string name = compare_column(member.config.spec, member.mappings);
  const postgres::ColumnInfo* column = member.table.column(name);
  if (column == nullptr)
    return Error::needs_person("table " + member.table.qualified_name + " has no column " + name +
                                   ", which target.property.compare.source names",
                               Origin::database, "42703");
  SYNCLINE_RETURN_IF_ERROR(check_stored(*column));
  if (!document::family_of(*column->type)) {
    return Error::needs_person("column " + name + " is of type " + column->type->name +
                               ", which cannot be compared; choose a column with scalar values");
  }
  member.link.push_back(column->name);
  member.link_types.push_back(column->type);
  // It is compared with, not written.
  std::erase_if(member.mappings, [&](const Mapping& m) { return m.source_column == name; });
  return {};
}

Status resolve_link(Member& member) {
  if (member.is_found_by_value()) return resolve_compare_column(member);
  for (const std::string& alias : member.config.spec.id) {
    const Mapping* mapping = mapping_of_alias(member.mappings, alias);
    if (mapping == nullptr)
      return Error::needs_person("target.id names " + alias + ", which is not among the aliases");
    SYNCLINE_RETURN_IF_ERROR(add_link(member, *member.table.column(mapping->source_column)));
  }
  return {};
}

void resolve_columns(Member& member) {
  std::vector<index::FieldMapping> fields;
  for (const Mapping& mapping : member.mappings) {
    if (std::find(member.columns.begin(), member.columns.end(), mapping.source_column) ==
        member.columns.end()) {
      member.columns.push_back(mapping.source_column);
    }
    const postgres::ColumnInfo& column = *member.table.column(mapping.source_column);
    fields.push_back(
        {mapping.alias, field_type(mapping.type, *column.type), mapping.params_json, {}});
  }
  const JobForm& form = member.form;
  if (form.field_type.empty()) {
    member.fields = std::move(fields);
  } else {
    member.fields = {{form.name, form.field_type, "", std::move(fields)}};
  }
}

// The column by which the elements of an array are ordered; of other places none.
Result<std::string> element_order(const Member& member) {
  if (member.form.place != Place::array) return std::string();
  const Mapping* mapping = mapping_of_alias(member.mappings, member.form.ordered_by);
  if (mapping == nullptr)
    return Error::needs_person("target.nested.id names " + member.form.ordered_by +
                               ", which is not among the aliases");
  const postgres::ColumnInfo& column = *member.table.column(mapping->source_column);
  if (!document::DocumentIdCodec::supports(*column.type))
    return Error::needs_person("column " + column.name + " is of type " + column.type->name +
                               ", by which elements cannot be ordered; choose another "
                               "target.nested.id");
  return column.name;
}

postgres::RowsOfPlace rows_of_place(const Member& member) {
  if (member.form.place == Place::array) return postgres::RowsOfPlace::all;
  const bool by_value =
      member.is_found_by_value() &&
      document::family_of(*member.link_types.front()) == document::ValueFamily::number;
  return by_value ? postgres::RowsOfPlace::highest_by_value
                  : postgres::RowsOfPlace::highest_by_text;
}

void describe_type(const PgType& type, std::string& text) {
  text += type.name + "/" + std::to_string(static_cast<int>(type.kind));
  if (type.element) describe_type(*type.element, text);
  for (const PgType::Field& field : type.fields) {
    text += "," + field.name + ":";
    describe_type(*field.type, text);
  }
}

// Whatever changes a document changes this: another table, columns, types, aliases, places.
std::string definition_of(const Member& member) {
  const JobSpec& spec = member.config.spec;
  std::string text = member.source->spec().name + "\n" + std::to_string(member.table.oid) + "\n" +
                     std::to_string(static_cast<int>(spec.type)) + "\n";
  for (const std::string* part : {&spec.object_name, &spec.nested_name, &spec.nested_id,
                                  &spec.compare_source, &spec.compare_target})
    text += *part + "\n";
  for (const std::string& column : member.link) text += column + "\n";
  // Who wins an id.
  const bool decided = member.unique() && member.form.place != Place::array;
  text += decided ? "unique\n" : "contested\n";
  for (const std::string& column : decided ? std::vector<std::string>() : member.table.winner_key)
    text += column + "\n";
  for (const Mapping& mapping : member.mappings) {
    text += mapping.source_column + "\n" + mapping.alias + "\n";
    describe_type(*member.table.column(mapping.source_column)->type, text);
  }
  return digest(text);
}

std::vector<std::string> link_columns(const JobSpec& spec) {
  if (form_of(spec).found_by == FoundBy::value) return {compare_column(spec, spec.mappings)};
  std::vector<std::string> link;
  for (const std::string& alias : spec.id) {
    const Mapping* mapping = mapping_of_alias(spec.mappings, alias);
    link.push_back(mapping == nullptr ? alias : mapping->source_column);
  }
  return link;
}

}  // namespace

Status describe_member(Member& member) {
  member.form = form_of(member.config.spec);
  SYNCLINE_RETURN_IF_ERROR(check_columns(member));
  fill_in_mappings(member);
  SYNCLINE_RETURN_IF_ERROR(resolve_link(member));
  resolve_columns(member);
  SYNCLINE_ASSIGN(const std::string order, element_order(member));
  member.queries.emplace(member.table, member.link, member.columns, rows_of_place(member), order);
  if (!member.is_found_by_value()) member.codec.emplace(member.link_types);
  return {};
}

Result<std::unique_ptr<Member>> resolve_member(const JobConfig& config,
                                               std::shared_ptr<capture::Source> source,
                                               postgres::Session& session) {
  const postgres::Session::PlannedOnce planned(session);
  auto member = std::make_unique<Member>();
  member->config = config;
  member->source = std::move(source);
  SYNCLINE_RETURN_IF_ERROR(capture::check_privileges(session, member->source->spec().capture_schema,
                                                     {{config.spec.schema, config.spec.table}}));
  // Both before the table is described: what is altered later is a difference.
  member->generation = member->source->generation();
  SYNCLINE_ASSIGN(member->table_state,
                  member->source->read_table_state(session, member_columns(config.spec)));
  SYNCLINE_ASSIGN(member->table,
                  postgres::describe_table(session, config.spec.schema, config.spec.table));
  SYNCLINE_RETURN_IF_ERROR(describe_member(*member));
  member->definition = definition_of(*member);
  return member;
}

capture::TableColumns member_columns(const JobSpec& spec) {
  return {spec.schema, spec.table, {spec.columns.begin(), spec.columns.end()}};
}

capture::WatchRequest watch_request(const Member& member, const Configuration& configuration) {
  capture::WatchRequest request{member.link, {}};
  const JobSpec& own = member.config.spec;
  const auto read = [&](const std::string& name) {
    const postgres::ColumnInfo* column = member.table.column(name);
    if (column == nullptr) return;
    request.read_columns.insert(name);
    request.read_columns.insert(column->computed.begin(), column->computed.end());
  };
  for (const auto& [name, job] : configuration.jobs) {
    const JobSpec& spec = job.spec;
    if (spec.source != own.source || spec.schema != own.schema || spec.table != own.table) continue;
    if (link_columns(spec) != member.link) continue;
    for (const std::string& column : spec.columns) read(column);
  }
  for (const std::string& column : member.link) read(column);
  for (const std::string& column : member.columns) read(column);
  // What decides who wins a place, or the order of an array.
  if (!member.unique() || member.form.place == Place::array) {
    for (const std::string& column : member.table.winner_key) read(column);
  }
  return request;
}

std::optional<std::string> Member::key_of(
    std::span<const std::optional<std::string_view>> link_values) const {
  if (codec) return codec->encode(link_values);
  if (!link_values.front()) return std::nullopt;
  return document::compare_key(*link_types.front(), *link_values.front());
}

std::optional<std::string> Member::key_of_logged(std::string_view logged) const {
  const auto parts = document::DocumentIdCodec::split_key(logged, link.size());
  if (!parts) return std::nullopt;
  const std::vector<std::optional<std::string_view>> values(parts->begin(), parts->end());
  return key_of(values);
}

std::optional<std::vector<std::string>> Member::link_of(std::string_view key) const {
  if (codec) return codec->decode(key);
  auto text = document::text_of_key(*link_types.front(), key);
  if (!text) return std::nullopt;
  return std::vector<std::string>{*std::move(text)};
}

std::optional<size_t> Member::value_of_field(const std::string& alias) const {
  const Mapping* mapping = mapping_of_alias(mappings, alias);
  if (mapping == nullptr) return std::nullopt;
  const auto column = std::find(columns.begin(), columns.end(), mapping->source_column);
  return link.size() + static_cast<size_t>(column - columns.begin());
}

const PgTypePtr& Member::type_of_value(size_t value) const {
  return table.column(columns[value - link.size()])->type;
}

}  // namespace syncline::compose

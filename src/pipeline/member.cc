#include "pipeline/member.h"

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/failpoint.h"

namespace syncline {

namespace {

const Mapping* mapping_of_alias(const std::vector<Mapping>& mappings, const std::string& alias) {
  const auto found = std::find_if(mappings.begin(), mappings.end(),
                                  [&](const Mapping& m) { return m.alias == alias; });
  return found == mappings.end() ? nullptr : &*found;
}

// Contract section 4: a wider column asks for the wider type.
std::string field_type(const std::string& wanted, const PgType& type) {
  if (wanted == "integer" && type.name == "pg_catalog.int8") return "long";
  if (wanted == "float" && (type.name == "pg_catalog.float8" || type.name == "pg_catalog.numeric"))
    return "double";
  return wanted;
}

Status check_columns(const Member& member) {
  const JobSpec& spec = member.config.spec;
  std::string missing;
  for (const std::string& column : spec.columns) {
    if (member.table.column(column) == nullptr) missing += (missing.empty() ? "" : ", ") + column;
  }
  if (missing.empty()) return {};
  return Error::pause_job("table " + member.table.qualified_name + " has no column " + missing +
                              "; add it, or take it out of the job's columns and mappings",
                          "42703");
}

void fill_in_mappings(Member& member) {
  member.mappings = member.config.spec.mappings;
  if (!member.mappings.empty()) return;
  for (const std::string& column : member.config.spec.columns) {
    member.mappings.push_back({column, column, member.table.column(column)->index_type, ""});
  }
}

Status resolve_link(Member& member) {
  for (const std::string& alias : member.config.spec.id) {
    const Mapping* mapping = mapping_of_alias(member.mappings, alias);
    if (mapping == nullptr)
      return Error::pause_job("target.id names " + alias + ", which is not among the aliases");
    const ColumnInfo& column = *member.table.column(mapping->source_column);
    if (!DocumentIdCodec::supports(*column.type)) {
      return Error::pause_job(
          "column " + column.name + " is of type " + column.type->name +
          ", whose values cannot be a document's id; choose a column with scalar values");
    }
    member.link.push_back(column.name);
    member.link_types.push_back(column.type);
  }
  return {};
}

void resolve_columns(Member& member) {
  for (const Mapping& mapping : member.mappings) {
    if (std::find(member.columns.begin(), member.columns.end(), mapping.source_column) ==
        member.columns.end()) {
      member.columns.push_back(mapping.source_column);
    }
    const ColumnInfo& column = *member.table.column(mapping.source_column);
    member.fields.push_back(
        {mapping.alias, field_type(mapping.type, *column.type), mapping.params_json, {}});
  }
}

void describe_type(const PgType& type, std::string& text) {
  text += type.name + "/" + std::to_string(static_cast<int>(type.kind));
  if (type.element) describe_type(*type.element, text);
  for (const PgType::Field& field : type.fields) {
    text += "," + field.name + ":";
    describe_type(*field.type, text);
  }
}

// Whatever changes a document changes this: another table, columns, types, aliases.
std::string definition_of(const Member& member) {
  std::string text = member.source->spec().name + "\n" + std::to_string(member.table.oid) + "\n";
  for (const std::string& column : member.link) text += column + "\n";
  for (const Mapping& mapping : member.mappings) {
    text += mapping.source_column + "\n" + mapping.alias + "\n";
    describe_type(*member.table.column(mapping.source_column)->type, text);
  }
  return digest(text);
}

std::vector<std::string> link_columns(const JobSpec& spec) {
  std::vector<std::string> link;
  for (const std::string& alias : spec.id) {
    const Mapping* mapping = mapping_of_alias(spec.mappings, alias);
    link.push_back(mapping == nullptr ? alias : mapping->source_column);
  }
  return link;
}

// Jobs on the same table with the same link share one watch, which reads the columns of all of
// them.
WatchRequest watch_request(const Member& member, const Configuration& configuration) {
  WatchRequest request{member.link, {}};
  const JobSpec& own = member.config.spec;
  const auto read = [&](const std::string& column) {
    if (member.table.column(column) != nullptr) request.read_columns.insert(column);
  };
  for (const auto& [name, job] : configuration.jobs) {
    const JobSpec& spec = job.spec;
    if (spec.source != own.source || spec.schema != own.schema || spec.table != own.table) continue;
    if (link_columns(spec) != member.link) continue;
    for (const std::string& column : spec.columns) read(column);
  }
  for (const std::string& column : member.link) read(column);
  for (const std::string& column : member.columns) read(column);
  if (!member.unique()) {
    for (const std::string& column : member.table.winner_key) read(column);
  }
  return request;
}

std::optional<int64_t> estimate_rows(const TableInfo& table) {
  double rows = 0;
  for (const LeafInfo& leaf : table.leaves) {
    // Never analyzed: nothing to go by but an empty file.
    if (leaf.rows_estimate < 0 && leaf.blocks > 0) return std::nullopt;
    rows += std::max(0.0, leaf.rows_estimate);
  }
  return static_cast<int64_t>(rows);
}

}  // namespace

Result<std::unique_ptr<Member>> resolve_member(const JobConfig& config,
                                               std::shared_ptr<Source> source, Session& session) {
  auto member = std::make_unique<Member>();
  member->config = config;
  member->source = std::move(source);
  SYNCLINE_ASSIGN(member->table, describe_table(session, config.spec.schema, config.spec.table));
  SYNCLINE_RETURN_IF_ERROR(check_columns(*member));
  fill_in_mappings(*member);
  SYNCLINE_RETURN_IF_ERROR(resolve_link(*member));
  resolve_columns(*member);
  member->queries.emplace(member->table, member->link, member->columns);
  member->codec.emplace(member->link_types);
  member->definition = definition_of(*member);
  return member;
}

void make_writers(std::vector<std::unique_ptr<Member>>& members) {
  for (size_t i = 0; i < members.size(); ++i) {
    Member& member = *members[i];
    member.bit = i;
    std::vector<OutputField> fields;
    for (const Mapping& mapping : member.mappings) {
      OutputField field{mapping.alias, member.table.column(mapping.source_column)->type, 0, 0};
      const auto column =
          std::find(member.columns.begin(), member.columns.end(), mapping.source_column);
      field.column = member.link.size() + static_cast<size_t>(column - member.columns.begin());
      for (size_t later = i + 1; later < members.size(); ++later) {
        if (mapping_of_alias(members[later]->mappings, mapping.alias) != nullptr)
          field.overridden_by |= uint64_t{1} << later;
      }
      fields.push_back(std::move(field));
    }
    member.writer.emplace(std::move(fields));
  }
}

Status start_member(Member& member, Session& session, const StartOptions& options,
                    const StopSignal& stop) {
  Source& source = *member.source;
  const std::lock_guard admin(source.admin_mutex());
  if (stop.raised()) return Error::retry("stopping");
  SYNCLINE_ASSIGN(const InstalledWatch watch,
                  source.capture().ensure_watch(
                      session, member.table, watch_request(member, *options.configuration), stop));
  SYNCLINE_ASSIGN(auto stored,
                  source.plan_store().read_member(session, options.plan, member.name()));
  const bool go_on = stored && !watch.created && stored->watch == watch.id &&
                     stored->definition == member.definition &&
                     stored->index_uuid == options.index_uuid &&
                     stored->resync == member.config.resync_generation;
  if (go_on) {
    member.record = *std::move(stored);
    return {};
  }
  SYNCLINE_RETURN_IF_ERROR(source.capture().begin_loading(session, watch.id));
  SYNCLINE_RETURN_IF_ERROR(wait_for_writers(session, member.table, stop));
  member.record = MemberRecord();
  member.record.watch = watch.id;
  member.record.definition = member.definition;
  member.record.index_uuid = options.index_uuid;
  member.record.resync = member.config.resync_generation;
  member.record.load.started_us = options.now_us;
  member.record.load.rows_estimate = estimate_rows(member.table);
  SYNCLINE_RETURN_IF_ERROR(
      source.plan_store().start_member(session, options.plan, member.name(), member.record));
  failpoint("position_taken");
  return {};
}

}  // namespace syncline

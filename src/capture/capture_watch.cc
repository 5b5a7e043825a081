// The part of Capture that makes, mends and removes one watch: its functions and triggers.
#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/failpoint.h"
#include "capture/capture.h"
#include "embedded_sql.h"
#include "postgres/value_sql.h"

namespace syncline::capture {

namespace {

constexpr size_t kTriggerPrefixMax = 40;  // of the 63 bytes that a name may have

// What an UPDATE is told by to have changed a read column. Less those that are generated when they
// are read: the columns that their expressions read are among the others. A value that still lies
// where it lay is the same, and not read: that takes as long as it is large.
std::string list_of(const postgres::TableInfo& table, const std::set<std::string>& columns,
                    const std::string& row) {
  std::string list;
  for (const std::string& column : columns) {
    const postgres::ColumnInfo* info = table.column(column);
    if (info != nullptr && info->is_virtual) continue;
    if (!list.empty()) list += ", ";
    const std::string name = postgres::Session::quote_identifier(column);
    if (info != nullptr && info->has_chunk_id) {
      list += "CASE WHEN pg_column_toast_chunk_id(OLD." + name +
              ") = pg_column_toast_chunk_id(NEW." + name + ") THEN NULL ELSE " + row + "." + name +
              " END";
    } else {
      list += row + "." + name;
    }
  }
  return list;
}

// The key of a row variable: one column's text, or the array literal of several; NULL if one of
// them is. Made for the table's columns as they are, or for whatever they may be.
std::string key_of(const std::vector<std::string>& link, const std::string& row,
                   const postgres::TableInfo* table) {
  const auto text = [&](const std::string& name) {
    const postgres::ColumnInfo* column = table == nullptr ? nullptr : table->column(name);
    return column == nullptr
               ? postgres::text_sql(row + "." + postgres::Session::quote_identifier(name))
               : postgres::text_sql(*column, row);
  };
  if (link.size() == 1) return text(link.front());
  std::string nulls, parts;
  for (const std::string& column : link) {
    if (!nulls.empty()) nulls += " OR ";
    nulls += row + "." + postgres::Session::quote_identifier(column) + " IS NULL";
    if (!parts.empty()) parts += ", ";
    parts += text(column);
  }
  return "CASE WHEN " + nulls + " THEN NULL ELSE ARRAY[" + parts + "]::pg_catalog.text END";
}

// For format(), with one %s of its own.
std::string doubled_percent(const std::string& text) {
  std::string doubled;
  for (char c : text) {
    if (c == '%') doubled += c;
    doubled += c;
  }
  return doubled;
}

std::string insert_of_rows(const std::string& log, const std::string& watch, const std::string& key,
                           const std::string& rows) {
  return "INSERT INTO " + log + " (watch, key) SELECT " + watch + ", k.key FROM (SELECT " + key +
         " AS key FROM " + rows + " n) k WHERE k.key IS NOT NULL";
}

// The script would have to wait for other transactions.
bool is_locked(const postgres::Session& session, const Status& status, const StopSignal& stop) {
  return !status.ok() && status.error().passes() && session.usable() && !stop.raised();
}

std::string digest_of_columns(const postgres::TableInfo& table) {
  std::string text;
  for (const postgres::ColumnInfo& column : table.columns)
    text += column.name + "\n" + column.type->name + "\n";
  return digest(text);
}

}  // namespace

std::string Capture::trigger_name(const std::string& watch, std::string_view event) const {
  std::string prefix = spec_.capture_schema;
  if (prefix.size() > kTriggerPrefixMax)
    prefix = prefix.substr(0, kTriggerPrefixMax / 2) + digest(prefix).substr(0, 8);
  return prefix + "_" + watch + "_" + std::string(event);
}

Capture::Variables Capture::watch_variables(const postgres::TableInfo& table,
                                            const WatchRequest& request,
                                            const std::string& watch) const {
  const bool fixed =
      std::none_of(request.link.begin(), request.link.end(), [&](const std::string& name) {
        const postgres::ColumnInfo* column = table.column(name);
        return column == nullptr || column->text_needs_settings;
      });
  const std::string settings =
      fixed ? ""
            : "\nSET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601'"
              "\nSET extra_float_digits = 3 SET bytea_output = 'hex' SET lc_monetary = 'C'";
  // Where the columns are no longer what the function was made for.
  const std::string any_key = key_of(request.link, "n", nullptr);
  return {{"watch", watch},
          {"settings", settings},
          {"columns", digest_of_columns(table)},
          {"key", key_of(request.link, "n", &table)},
          {"old_key", key_of(request.link, "OLD", &table)},
          {"new_key", key_of(request.link, "NEW", &table)},
          {"old_columns", list_of(table, request.read_columns, "OLD")},
          {"new_columns", list_of(table, request.read_columns, "NEW")},
          {"planned_anew",
           postgres::Session::quote_literal("SELECT " + key_of(request.link, "($1)", nullptr))},
          {"probe_anew",
           postgres::Session::quote_literal("SELECT " + any_key + " FROM captured n LIMIT 1")},
          {"insert_anew", postgres::Session::quote_literal(insert_of_rows(
                              schema_ + ".log_%s", watch, doubled_percent(any_key), "captured"))}};
}

std::string Capture::functions_sql(const postgres::TableInfo& table,
                                   const WatchedRelations& relations, const WatchRequest& request,
                                   const std::string& watch) const {
  Variables variables = watch_variables(table, request, watch);
  const auto named = [&](const std::string& suffix) {
    Variables with_name = variables;
    with_name.emplace_back("function", "capture_" + watch + "_" + suffix);
    return with_name;
  };
  std::string sql = render(embedded::capture_row, named("row")) +
                    render(embedded::capture_truncate, named("truncate"));
  std::vector<std::string> suffixes = {"row", "truncate"};
  if (relations.plain()) {
    sql += render(embedded::capture_statement, named("statement"));
    suffixes.emplace_back("statement");
  }
  for (const std::string& suffix : suffixes) {
    // Whoever makes or attaches a partition must be allowed to execute what is cloned onto it.
    const bool cloned = suffix == "row" && relations.clones();
    sql += (cloned ? "GRANT EXECUTE ON FUNCTION " : "REVOKE ALL ON FUNCTION ") + schema_ +
           ".capture_" + watch + "_" + suffix + "()" + (cloned ? " TO" : " FROM") + " PUBLIC;";
  }
  return sql;
}

Result<int> Capture::find_watch(postgres::Session& session, const postgres::TableInfo& table,
                                const WatchRequest& request) {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query(
          "SELECT id FROM " + schema_ + ".watch WHERE relation = $1::oid AND link = $2::text[]",
          {std::to_string(table.oid), postgres::Session::array_literal(request.link)}));
  return rows.empty() ? 0 : static_cast<int>(rows.integer(0, 0));
}

Result<InstalledWatch> Capture::ensure_watch(postgres::Session& session,
                                             const postgres::TableInfo& table,
                                             const WatchRequest& request, bool anew,
                                             const StopSignal& stop) {
  SYNCLINE_ASSIGN(WatchedRelations relations, read_relations(session, table.oid));
  if (relations.relations.empty()) return Error::retry("the table was dropped just now");
  SYNCLINE_ASSIGN(const int known, find_watch(session, table, request));
  InstalledWatch installed;
  installed.id = known;
  if (known == 0) {
    SYNCLINE_ASSIGN(installed.id, create_watch(session, table, relations, request, stop));
  } else {
    Status mended = mend_watch(session, table, relations, request, known, anew, stop);
    // What stands loses nothing, so it may stay until the table is free for what would be better.
    if (is_locked(session, mended, stop) && !relations.temp_file_limits.empty()) {
      installed.unfinished = true;
      installed.warnings.push_back(
          "large INSERTs and DELETEs may exceed temp_file_limit, set for " +
          relations.temp_file_limits + ", until other transactions leave " + table.qualified_name +
          " for a moment");
      relations.temp_file_limits.clear();
      mended = mend_watch(session, table, relations, request, known, anew, stop);
    }
    SYNCLINE_RETURN_IF_ERROR(mended);
  }
  Status enabled = enable_always(session, std::to_string(installed.id), relations, stop);
  if (is_locked(session, enabled, stop)) {
    installed.unfinished = true;
  } else if (!enabled.ok()) {
    return std::move(enabled).error();
  }
  SYNCLINE_RETURN_IF_ERROR(read_warnings(session, installed.id, relations, installed.warnings));
  return installed;
}

std::string Capture::definition_of(const postgres::TableInfo& table,
                                   const WatchedRelations& relations,
                                   const WatchRequest& request) const {
  return digest(functions_sql(table, relations, request, "N"));
}

Result<int> Capture::create_watch(postgres::Session& session, const postgres::TableInfo& table,
                                  const WatchedRelations& relations, const WatchRequest& request,
                                  const StopSignal& stop) {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("SELECT nextval(pg_get_serial_sequence($1, 'id'))", {schema_ + ".watch"}));
  const std::string watch = rows.text(0, 0);
  // load_N starts at 1: a fresh watch is about to be loaded, and CREATE TRIGGER waits for the
  // writers in flight.
  const std::vector<Trigger> triggers = triggers_of(relations, watch);
  SYNCLINE_RETURN_IF_ERROR(check_may_create(relations, triggers));
  std::string script = "CREATE SEQUENCE " + schema_ + ".load_" + watch + " MINVALUE 0 START 1;" +
                       functions_sql(table, relations, request, watch);
  for (const Trigger& trigger : triggers) script += trigger.sql;
  script += enable_clones_sql(relations, watch);
  script += "INSERT INTO " + schema_ + ".watch OVERRIDING SYSTEM VALUE VALUES (" + watch + ", " +
            std::to_string(table.oid) + ", " +
            postgres::Session::quote_literal(postgres::Session::array_literal(request.link)) +
            ", " + postgres::Session::quote_literal(definition_of(table, relations, request)) + ")";
  SYNCLINE_RETURN_IF_ERROR(with_short_locks(session, script, stop));
  failpoint("triggers_installed");
  return static_cast<int>(rows.integer(0, 0));
}

Status Capture::mend_watch(postgres::Session& session, const postgres::TableInfo& table,
                           const WatchedRelations& relations, const WatchRequest& request,
                           int number, bool anew, const StopSignal& stop) {
  const std::string watch = std::to_string(number);
  const std::string definition = definition_of(table, relations, request);
  const std::vector<Trigger> wanted = triggers_of(relations, watch);
  SYNCLINE_ASSIGN(
      const postgres::Rows stored,
      session.query("SELECT definition FROM " + schema_ + ".watch WHERE id = $1::int", {watch}));
  SYNCLINE_ASSIGN(const PresentTriggers present, read_triggers(session, watch, relations, wanted));
  std::string script;
  // What is disabled or out of place can only be removed together with its function, by a role that
  // does not own the table.
  for (const std::string& function : present.unfit)
    script += "DROP FUNCTION IF EXISTS " + schema_ + "." + function + "() CASCADE;";
  std::vector<Trigger> to_create;
  for (const Trigger& trigger : wanted) {
    if (present.unfit.count(trigger.function) > 0 ||
        present.names.count({trigger.relation, trigger.name}) == 0)
      to_create.push_back(trigger);
  }
  SYNCLINE_RETURN_IF_ERROR(check_may_create(relations, to_create));
  std::string missing;
  for (const Trigger& trigger : to_create) missing += trigger.sql;
  if (!missing.empty()) missing += enable_clones_sql(relations, watch);
  if (missing.empty() && !anew && stored.text(0, 0) == definition) return {};
  // CREATE OR REPLACE: what is missing may be missing with its function.
  script += functions_sql(table, relations, request, watch) + missing + "UPDATE " + schema_ +
            ".watch SET definition = " + postgres::Session::quote_literal(definition) +
            " WHERE id = " + watch;
  return with_short_locks(session, script, stop);
}

std::vector<std::string> Capture::function_names(const std::string& watch) {
  return {"capture_" + watch + "_row", "capture_" + watch + "_statement",
          "capture_" + watch + "_truncate"};
}

// CASCADE takes the triggers along, which a role that does not own the table could not drop by
// themselves.
std::string Capture::drop_functions_sql(const std::string& watch) const {
  std::string script;
  for (const std::string& name : function_names(watch))
    script += "DROP FUNCTION IF EXISTS " + schema_ + "." + name + "() CASCADE;";
  return script;
}

Status Capture::drop_watch(postgres::Session& session, int watch, const StopSignal& stop) {
  const std::string number = std::to_string(watch);
  return with_short_locks(session,
                          drop_functions_sql(number) + "DROP SEQUENCE IF EXISTS " + schema_ +
                              ".load_" + number + "; DELETE FROM " + schema_ +
                              ".fingerprint WHERE watch = " + number + "; DELETE FROM " + schema_ +
                              ".watch WHERE id = " + number,
                          stop);
}

Result<bool> Capture::keeps_unlogged_tables(postgres::Session& session) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT EXISTS (SELECT FROM " + schema_ + ".unlogged)"));
  return rows.boolean(0, 0);
}

// Those that are unlogged now, and those that were when they were last looked at.
Result<std::vector<int>> Capture::watches_of_unlogged_tables(postgres::Session& session) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("WITH RECURSIVE tree(watch, oid) AS (SELECT id, relation FROM " + schema_ +
                    ".watch UNION SELECT t.watch, i.inhrelid FROM tree t JOIN pg_inherits i ON"
                    " i.inhparent = t.oid)"
                    " SELECT t.watch FROM tree t JOIN pg_class c ON c.oid = t.oid"
                    " WHERE c.relpersistence = 'u'"
                    " UNION SELECT f.watch FROM " +
                    schema_ +
                    ".fingerprint f, unnest(f.content::text[]) e WHERE e LIKE 'unlogged %'"));
  std::vector<int> watches;
  for (int i = 0; i < rows.size(); ++i) watches.push_back(static_cast<int>(rows.integer(i, 0)));
  return watches;
}

// A crash that takes what was just noted takes this row as well.
Status Capture::unlogged_tables_noted(postgres::Session& session) {
  return session.script("INSERT INTO " + schema_ + ".unlogged VALUES (true)");
}

Status Capture::log_rows(postgres::Session& session, int watch,
                         const std::vector<std::string>& link, const postgres::LeafInfo& leaf) {
  SYNCLINE_ASSIGN(const std::string log, current_log(session));
  return session.script(insert_of_rows(log, std::to_string(watch), key_of(link, "n", nullptr),
                                       "(SELECT t.*" + leaf.rows_from + ")"));
}

Status Capture::log_every_row(postgres::Session& session, int watch) {
  SYNCLINE_ASSIGN(const std::string log, current_log(session));
  return session.script("INSERT INTO " + log + " (watch) VALUES (" + std::to_string(watch) + ")");
}

Result<std::string> Capture::current_log(postgres::Session& session) {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT last_value & 3 FROM " + schema_ + ".state"));
  return schema_ + ".log_" + rows.text(0, 0);
}

}  // namespace syncline::capture

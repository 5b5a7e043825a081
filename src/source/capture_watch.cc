// The part of Capture that makes, mends and removes one watch: its functions and triggers.
#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/failpoint.h"
#include "embedded_sql.h"
#include "source/capture.h"

namespace syncline {

namespace {

constexpr size_t kTriggerPrefixMax = 40;  // of the 63 bytes that a name may have

std::string list_of(const std::set<std::string>& columns, const std::string& row) {
  std::string list;
  for (const std::string& column : columns) {
    if (!list.empty()) list += ", ";
    list += row + "." + Session::quote_identifier(column);
  }
  return list;
}

// The key of a row variable: one column's text, or the array literal of several; NULL if one of
// them is.
std::string key_of(const std::vector<std::string>& link, const std::string& row) {
  const auto text = [&](const std::string& column) {
    return row + "." + Session::quote_identifier(column) + "::text";
  };
  if (link.size() == 1) return text(link.front());
  std::string nulls, parts;
  for (const std::string& column : link) {
    if (!nulls.empty()) nulls += " OR ";
    nulls += row + "." + Session::quote_identifier(column) + " IS NULL";
    if (!parts.empty()) parts += ", ";
    parts += text(column);
  }
  return "CASE WHEN " + nulls + " THEN NULL ELSE ARRAY[" + parts + "]::text END";
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

std::string digest_of_columns(const TableInfo& table) {
  std::string text;
  for (const ColumnInfo& column : table.columns)
    text += column.name + "\n" + column.type->name + "\n";
  return digest(text);
}

}  // namespace

bool WatchedRelations::plain() const {
  return relations.size() == 1 && relations.front().kind == 'r' && !related && !subscriber;
}

Result<WatchedRelations> Capture::read_relations(Session& session, uint32_t table) const {
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query(
          "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM tree t"
          " JOIN pg_inherits i ON i.inhparent = t.oid)"
          "SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind,"
          " pg_has_role(c.relowner, 'USAGE'),"
          " EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid),"
          " EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)"
          " FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid ="
          " c.relnamespace ORDER BY c.oid <> $1::oid, c.oid",
          {std::to_string(table)}));
  WatchedRelations found;
  for (int i = 0; i < rows.size(); ++i) {
    found.relations.push_back(
        {static_cast<uint32_t>(rows.integer(i, 0)), rows.text(i, 1), rows.text(i, 2)[0]});
    found.owned = found.owned && rows.boolean(i, 3);
    found.subscriber = found.subscriber || rows.boolean(i, 4);
    found.related = found.related || rows.boolean(i, 5);
  }
  return found;
}

std::string Capture::trigger_name(const std::string& watch, std::string_view event) const {
  std::string prefix = spec_.capture_schema;
  if (prefix.size() > kTriggerPrefixMax)
    prefix = prefix.substr(0, kTriggerPrefixMax / 2) + digest(prefix).substr(0, 8);
  return prefix + "_" + watch + "_" + std::string(event);
}

Capture::Variables Capture::watch_variables(const TableInfo& table, const WatchRequest& request,
                                            const std::string& watch) const {
  const bool fixed =
      std::none_of(request.link.begin(), request.link.end(), [&](const std::string& name) {
        const ColumnInfo* column = table.column(name);
        return column == nullptr || column->text_needs_settings;
      });
  const std::string settings =
      fixed ? ""
            : "\nSET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601'"
              "\nSET extra_float_digits = 3 SET bytea_output = 'hex' SET lc_monetary = 'C'";
  const std::string key = key_of(request.link, "n");
  return {{"watch", watch},
          {"settings", settings},
          {"columns", digest_of_columns(table)},
          {"key", key},
          {"old_key", key_of(request.link, "OLD")},
          {"new_key", key_of(request.link, "NEW")},
          {"old_columns", list_of(request.read_columns, "OLD")},
          {"new_columns", list_of(request.read_columns, "NEW")},
          {"planned_anew", Session::quote_literal("SELECT " + key_of(request.link, "($1)"))},
          {"probe_anew", Session::quote_literal("SELECT " + key + " FROM captured n LIMIT 0")},
          {"insert_anew", Session::quote_literal(insert_of_rows(
                              schema_ + ".log_%s", watch, doubled_percent(key), "captured"))}};
}

std::string Capture::functions_sql(const TableInfo& table, const WatchedRelations& relations,
                                   const WatchRequest& request, const std::string& watch) const {
  Variables variables = watch_variables(table, request, watch);
  const auto named = [&](const std::string& suffix) {
    Variables with_name = variables;
    with_name.emplace_back("function", "capture_" + watch + "_" + suffix);
    return with_name;
  };
  std::string sql = render(embedded::capture_row, named("row")) +
                    render(embedded::capture_truncate, named("truncate"));
  if (relations.plain()) sql += render(embedded::capture_statement, named("statement"));
  return sql + "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA " + schema_ + " FROM PUBLIC;";
}

std::vector<Capture::Trigger> Capture::triggers_of(const WatchedRelations& relations,
                                                   const std::string& watch) const {
  std::vector<Trigger> triggers;
  const auto add = [&](const WatchedRelation& relation, const std::string& event,
                       const std::string& when, const std::string& how,
                       const std::string& function) {
    const std::string name = trigger_name(watch, event);
    std::string sql = "CREATE TRIGGER " + Session::quote_identifier(name) + " AFTER " + when +
                      " ON " + relation.qualified_name + " " + how + " EXECUTE FUNCTION " +
                      schema_ + ".capture_" + watch + "_" + function + "();";
    if (relations.always()) {
      sql += "ALTER TABLE " + relation.qualified_name + " ENABLE ALWAYS TRIGGER " +
             Session::quote_identifier(name) + ";";
    }
    triggers.push_back({relation.oid, name, std::move(sql)});
  };
  // The clones that partitions get of a parent's row trigger come by themselves; the parent's
  // statement triggers would miss writes to a leaf, and a leaf's those through the parent.
  const bool clones = relations.relations.front().kind == 'p';
  for (const WatchedRelation& relation : relations.relations) {
    const bool root = &relation == &relations.relations.front();
    if (relations.plain()) {
      add(relation, "insert", "INSERT", "REFERENCING NEW TABLE AS captured FOR EACH STATEMENT",
          "statement");
      add(relation, "delete", "DELETE", "REFERENCING OLD TABLE AS captured FOR EACH STATEMENT",
          "statement");
      add(relation, "update", "UPDATE", "FOR EACH ROW", "row");
    } else if (root || !clones) {
      add(relation, "row", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "row");
    }
    add(relation, "truncate", "TRUNCATE", "FOR EACH STATEMENT", "truncate");
  }
  return triggers;
}

// Clones take over whether they are enabled only in newer servers.
std::string Capture::enable_clones_sql(const WatchedRelations& relations,
                                       const std::string& watch) const {
  std::string sql;
  if (!relations.always() || relations.relations.front().kind != 'p') return sql;
  for (size_t i = 1; i < relations.relations.size(); ++i) {
    sql += "ALTER TABLE " + relations.relations[i].qualified_name + " ENABLE ALWAYS TRIGGER " +
           Session::quote_identifier(trigger_name(watch, "row")) + ";";
  }
  return sql;
}

Result<int> Capture::find_watch(Session& session, const TableInfo& table,
                                const WatchRequest& request) {
  SYNCLINE_ASSIGN(const Rows rows,
                  session.query("SELECT id FROM " + schema_ +
                                    ".watch WHERE relation = $1::oid AND link = $2::text[]",
                                {std::to_string(table.oid), Session::array_literal(request.link)}));
  return rows.empty() ? 0 : static_cast<int>(rows.integer(0, 0));
}

Result<InstalledWatch> Capture::ensure_watch(Session& session, const TableInfo& table,
                                             const WatchRequest& request, bool anew,
                                             const StopSignal& stop) {
  SYNCLINE_ASSIGN(const WatchedRelations relations, read_relations(session, table.oid));
  if (relations.relations.empty()) return Error::retry("the table was dropped just now");
  SYNCLINE_ASSIGN(const int known, find_watch(session, table, request));
  InstalledWatch installed{known, known == 0, relations.subscriber && !relations.owned};
  if (known == 0) {
    SYNCLINE_ASSIGN(installed.id, create_watch(session, table, relations, request, stop));
  } else {
    SYNCLINE_RETURN_IF_ERROR(mend_watch(session, table, relations, request, known, anew, stop));
  }
  return installed;
}

std::string Capture::definition_of(const TableInfo& table, const WatchedRelations& relations,
                                   const WatchRequest& request) const {
  return digest(functions_sql(table, relations, request, "N"));
}

Result<int> Capture::create_watch(Session& session, const TableInfo& table,
                                  const WatchedRelations& relations, const WatchRequest& request,
                                  const StopSignal& stop) {
  SYNCLINE_ASSIGN(const Rows rows, session.query("SELECT nextval(pg_get_serial_sequence($1, 'id'))",
                                                 {schema_ + ".watch"}));
  const std::string watch = rows.text(0, 0);
  // load_N starts at 1: a fresh watch is about to be loaded, and CREATE TRIGGER waits for the
  // writers in flight.
  std::string script = "CREATE SEQUENCE " + schema_ + ".load_" + watch + " MINVALUE 0 START 1;" +
                       functions_sql(table, relations, request, watch);
  for (const Trigger& trigger : triggers_of(relations, watch)) script += trigger.sql;
  script += enable_clones_sql(relations, watch);
  script += "INSERT INTO " + schema_ + ".watch OVERRIDING SYSTEM VALUE VALUES (" + watch + ", " +
            std::to_string(table.oid) + ", " +
            Session::quote_literal(Session::array_literal(request.link)) + ", " +
            Session::quote_literal(definition_of(table, relations, request)) + ")";
  SYNCLINE_RETURN_IF_ERROR(with_short_locks(session, script, stop));
  failpoint("triggers_installed");
  return static_cast<int>(rows.integer(0, 0));
}

// Those that stand, clones aside; they fit if all are enabled and wanted.
Result<Capture::PresentTriggers> Capture::read_triggers(Session& session, const std::string& watch,
                                                        bool always,
                                                        const std::vector<Trigger>& wanted) const {
  SYNCLINE_ASSIGN(
      const Rows found,
      session.query(
          "SELECT t.tgrelid, t.tgname, t.tgparentid <> 0, t.tgenabled = 'A' OR"
          " t.tgenabled = 'O' AND NOT $3::boolean"
          " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
          " WHERE p.pronamespace = to_regnamespace($1) AND p.proname = ANY ($2::text[])",
          {schema_, Session::array_literal(function_names(watch)), always ? "true" : "false"}));
  PresentTriggers present;
  for (int i = 0; i < found.size(); ++i) {
    const auto relation = static_cast<uint32_t>(found.integer(i, 0));
    const std::string name = found.text(i, 1);
    present.fit = present.fit && found.boolean(i, 3);
    if (found.boolean(i, 2)) continue;
    present.names.emplace(relation, name);
    present.fit =
        present.fit && std::any_of(wanted.begin(), wanted.end(), [&](const Trigger& trigger) {
          return trigger.relation == relation && trigger.name == name;
        });
  }
  return present;
}

Status Capture::mend_watch(Session& session, const TableInfo& table,
                           const WatchedRelations& relations, const WatchRequest& request,
                           int number, bool anew, const StopSignal& stop) {
  const std::string watch = std::to_string(number);
  const std::string definition = definition_of(table, relations, request);
  const std::vector<Trigger> wanted = triggers_of(relations, watch);
  SYNCLINE_ASSIGN(
      const Rows stored,
      session.query("SELECT definition FROM " + schema_ + ".watch WHERE id = $1::int", {watch}));
  SYNCLINE_ASSIGN(const PresentTriggers present,
                  read_triggers(session, watch, relations.always(), wanted));
  std::string script;
  // What is disabled or out of place can only be removed together with its function, by a role that
  // does not own the table.
  if (!present.fit) script = drop_functions_sql(watch);
  std::string missing;
  for (const Trigger& trigger : wanted) {
    if (!present.fit || present.names.count({trigger.relation, trigger.name}) == 0)
      missing += trigger.sql;
  }
  if (!missing.empty()) missing += enable_clones_sql(relations, watch);
  if (missing.empty() && !anew && stored.text(0, 0) == definition) return {};
  // CREATE OR REPLACE: what is missing may be missing with its function.
  script += functions_sql(table, relations, request, watch) + missing + "UPDATE " + schema_ +
            ".watch SET definition = " + Session::quote_literal(definition) +
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

Status Capture::drop_watch(Session& session, int watch, const StopSignal& stop) {
  const std::string number = std::to_string(watch);
  return with_short_locks(session,
                          drop_functions_sql(number) + "DROP SEQUENCE IF EXISTS " + schema_ +
                              ".load_" + number + "; DELETE FROM " + schema_ +
                              ".fingerprint WHERE watch = " + number + "; DELETE FROM " + schema_ +
                              ".watch WHERE id = " + number,
                          stop);
}

Result<bool> Capture::keeps_unlogged_tables(Session& session) const {
  SYNCLINE_ASSIGN(const Rows rows,
                  session.query("SELECT EXISTS (SELECT FROM " + schema_ + ".unlogged)"));
  return rows.boolean(0, 0);
}

// Those that are unlogged now, and those that were when they were last looked at.
Result<std::vector<int>> Capture::watches_of_unlogged_tables(Session& session) const {
  SYNCLINE_ASSIGN(
      const Rows rows,
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
Status Capture::unlogged_tables_noted(Session& session) {
  return session.script("INSERT INTO " + schema_ + ".unlogged VALUES (true)");
}

Status Capture::log_rows(Session& session, int watch, const std::vector<std::string>& link,
                         const LeafInfo& leaf) {
  SYNCLINE_ASSIGN(const std::string log, current_log(session));
  return session.script(
      insert_of_rows(log, std::to_string(watch), key_of(link, "n"), "ONLY " + leaf.qualified_name));
}

Status Capture::log_every_row(Session& session, int watch) {
  SYNCLINE_ASSIGN(const std::string log, current_log(session));
  return session.script("INSERT INTO " + log + " (watch) VALUES (" + std::to_string(watch) + ")");
}

Result<std::string> Capture::current_log(Session& session) {
  SYNCLINE_ASSIGN(const Rows rows,
                  session.query("SELECT last_value & 3 FROM " + schema_ + ".state"));
  return schema_ + ".log_" + rows.text(0, 0);
}

}  // namespace syncline

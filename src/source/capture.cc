#include "source/capture.h"

#include <poll.h>

#include <algorithm>

#include "base/digest.h"
#include "base/failpoint.h"
#include "embedded_sql.h"

namespace syncline {

namespace {

constexpr int kFormat = 2;
constexpr int kLockAttempts = 12;
constexpr auto kLockPause = std::chrono::milliseconds(200);
constexpr auto kWriterPoll = std::chrono::milliseconds(20);

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

// The same from the row as jsonb, for when the columns are no longer what they were.
std::string fallback_of(const std::vector<std::string>& link) {
  const auto text = [](const std::string& column) {
    return "(n.row ->> " + Session::quote_literal(column) + ")";
  };
  if (link.size() == 1) return text(link.front());
  std::string nulls, parts;
  for (const std::string& column : link) {
    if (!nulls.empty()) nulls += " OR ";
    nulls += text(column) + " IS NULL";
    if (!parts.empty()) parts += ", ";
    parts += text(column);
  }
  return "CASE WHEN " + nulls + " THEN NULL ELSE ARRAY[" + parts + "]::text END";
}

std::string doubled_quotes(const std::string& text) {
  std::string doubled;
  for (char c : text) {
    if (c == '\'') doubled += c;
    if (c == '%') doubled += c;  // it goes through format()
    doubled += c;
  }
  return doubled;
}

// A pause that ends early when stopping.
bool pause(Duration duration, const StopSignal& stop) {
  pollfd fd{stop.fd(), POLLIN, 0};
  ::poll(&fd, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
  return !stop.raised();
}

}  // namespace

Status with_short_locks(Session& session, const std::string& script, const StopSignal& stop) {
  for (int attempt = 1;; ++attempt) {
    Status done = session.script("BEGIN; SET LOCAL lock_timeout = '50ms'; " + script + "; COMMIT");
    if (done.ok()) return done;
    if (session.usable()) SYNCLINE_RETURN_IF_ERROR(session.script("ROLLBACK"));
    const std::string& code = done.error().code;
    if (code != "55P03" && code != "40P01") return done;
    if (attempt == kLockAttempts) return Error::retry("other transactions keep the table locked");
    if (!pause(kLockPause, stop)) return Error::retry("stopping");
  }
}

Status wait_for_writers(Session& session, const TableInfo& table, const StopSignal& stop) {
  std::string oids = "{" + std::to_string(table.oid);
  for (const LeafInfo& leaf : table.leaves) oids += "," + std::to_string(leaf.oid);
  oids += "}";
  const std::string sql =
      "SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}') FROM pg_locks"
      " WHERE locktype = 'relation' AND relation = ANY ($1::oid[])"
      " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', "
      "'AccessExclusiveLock') AND granted"
      " AND pid IS DISTINCT FROM pg_backend_pid() AND ($2::text[] IS NULL OR virtualtransaction = "
      "ANY ($2::text[]))";
  SYNCLINE_ASSIGN(const Rows first, session.query(sql, {oids, std::nullopt}));
  std::string writers = first.text(0, 0);
  while (writers != "{}") {
    if (!pause(kWriterPoll, stop)) return Error::retry("stopping");
    SYNCLINE_ASSIGN(const Rows still, session.query(sql, {oids, writers}));
    writers = still.text(0, 0);
  }
  return {};
}

Capture::Capture(const SourceSpec& spec, std::string instance_id)
    : spec_(spec),
      instance_id_(std::move(instance_id)),
      schema_(Session::quote_identifier(spec.capture_schema)),
      channel_(spec.capture_schema) {}

std::string Capture::render(std::string_view script, const Variables& variables) const {
  std::string text;
  size_t begin = 0;
  for (size_t open = script.find("{{"); open != std::string_view::npos;
       open = script.find("{{", begin)) {
    const size_t close = script.find("}}", open);
    const std::string_view name = script.substr(open + 2, close - open - 2);
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const auto& v) { return v.first == name; });
    text += script.substr(begin, open - begin);
    text += name == "schema" ? schema_ : found->second;
    begin = close + 2;
  }
  return text += script.substr(begin);
}

Status Capture::install_schema(Session& session) {
  SYNCLINE_ASSIGN(const Rows found,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema_ + ".instance"}));
  if (!found.boolean(0, 0)) SYNCLINE_RETURN_IF_ERROR(create_schema(session));
  SYNCLINE_RETURN_IF_ERROR(check_owner(session));
  const Variables variables = {{"channel", Session::quote_literal(channel_)},
                               {"log_bytes_max", std::to_string(spec_.capture_log_bytes_max)}};
  return session.script(render(embedded::shared_functions, variables));
}

Status Capture::create_schema(Session& session) {
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query("SELECT has_database_privilege(current_database(), 'CREATE'), "
                    "quote_ident(current_database()),"
                    " quote_ident(current_user), (SELECT has_schema_privilege(oid, 'CREATE, "
                    "USAGE') FROM pg_namespace"
                    " WHERE nspname = $1), EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)",
                    {spec_.capture_schema}));
  const bool exists = rows.boolean(0, 4);
  if (exists && !rows.boolean(0, 3)) {
    return Error::pause_job("no privilege on schema " + schema_ +
                                "; run: GRANT CREATE, USAGE ON SCHEMA " + schema_ + " TO " +
                                rows.text(0, 2),
                            "42501");
  }
  if (!exists && !rows.boolean(0, 0)) {
    return Error::pause_job("no privilege to create schema " + schema_ +
                                "; run: GRANT CREATE ON DATABASE " + rows.text(0, 1) + " TO " +
                                rows.text(0, 2),
                            "42501");
  }
  std::string script = "BEGIN;";
  if (!exists) script += "CREATE SCHEMA " + schema_ + ";";
  script += render(embedded::schema, {});
  script += "INSERT INTO " + schema_ + ".instance VALUES (" + Session::quote_literal(instance_id_) +
            ", " + std::to_string(kFormat) + ", " + (exists ? "false" : "true") + "); COMMIT";
  Status done = session.script(script);
  if (done.ok()) return done;
  if (session.usable()) SYNCLINE_RETURN_IF_ERROR(session.script("ROLLBACK"));
  // Two that create at once: the loser looks whose it is.
  const bool lost_race =
      done.error().code == "42P06" || done.error().code == "42P07" || done.error().code == "23505";
  return lost_race ? Status() : done;
}

Result<bool> Capture::try_lock(Session& session) {
  SYNCLINE_ASSIGN(const Rows lock,
                  session.query("SELECT pg_try_advisory_lock(hashtext('syncline'), hashtext($1))",
                                {spec_.capture_schema}));
  return lock.boolean(0, 0);
}

Status Capture::check_owner(Session& session) {
  SYNCLINE_ASSIGN(const Rows rows,
                  session.query("SELECT id, format FROM " + schema_ + ".instance"));
  if (rows.size() != 1 || rows.text(0, 0) != instance_id_) {
    return Error::pause_job(
        "schema " + schema_ +
        " belongs to another Syncline; stop that one and drop the schema, or give this"
        " source another capture_schema");
  }
  if (rows.integer(0, 1) != kFormat) {
    return Error::pause_job("schema " + schema_ +
                            " was made by another release of Syncline (format " + rows.text(0, 1) +
                            ")");
  }
  return {};
}

std::string Capture::trigger_name(const std::string& watch, std::string_view event) const {
  return Session::quote_identifier(spec_.capture_schema + "_" + watch + "_" + std::string(event));
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
  const std::set<std::string> link(request.link.begin(), request.link.end());
  return {{"watch", watch},
          {"settings", settings},
          {"probe", list_of(link, "n")},
          {"key", key_of(request.link, "n")},
          {"old_key", key_of(request.link, "OLD")},
          {"new_key", key_of(request.link, "NEW")},
          {"old_columns", list_of(request.read_columns, "OLD")},
          {"new_columns", list_of(request.read_columns, "NEW")},
          {"fallback", fallback_of(request.link)},
          {"fallback_quoted", doubled_quotes(fallback_of(request.link))}};
}

std::string Capture::functions_sql(const TableInfo& table, const WatchRequest& request,
                                   const std::string& watch) const {
  Variables variables = watch_variables(table, request, watch);
  const auto named = [&](const std::string& suffix) {
    Variables with_name = variables;
    with_name.emplace_back("function", "capture_" + watch + "_" + suffix);
    return with_name;
  };
  std::string sql = render(embedded::capture_row, named("row")) +
                    render(embedded::capture_truncate, named("truncate"));
  if (table.plain) sql += render(embedded::capture_statement, named("statement"));
  return sql + "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA " + schema_ + " FROM PUBLIC;";
}

std::string Capture::triggers_sql(const TableInfo& table, const std::string& watch) const {
  const auto function = [&](const std::string& suffix) {
    return " EXECUTE FUNCTION " + schema_ + ".capture_" + watch + "_" + suffix + "();";
  };
  const std::string on = " ON " + table.qualified_name;
  std::string sql;
  if (table.plain) {
    sql += "CREATE TRIGGER " + trigger_name(watch, "insert") + " AFTER INSERT" + on +
           " REFERENCING NEW TABLE AS captured FOR EACH STATEMENT" + function("statement");
    sql += "CREATE TRIGGER " + trigger_name(watch, "delete") + " AFTER DELETE" + on +
           " REFERENCING OLD TABLE AS captured FOR EACH STATEMENT" + function("statement");
    sql += "CREATE TRIGGER " + trigger_name(watch, "update") + " AFTER UPDATE" + on +
           " FOR EACH ROW" + function("row");
  } else {
    sql += "CREATE TRIGGER " + trigger_name(watch, "row") + " AFTER INSERT OR UPDATE OR DELETE" +
           on + " FOR EACH ROW" + function("row");
  }
  for (const LeafInfo& leaf : table.leaves) {
    sql += "CREATE TRIGGER " + trigger_name(watch, "truncate") + " AFTER TRUNCATE ON " +
           leaf.qualified_name + " FOR EACH STATEMENT" + function("truncate");
  }
  return sql;
}

Result<InstalledWatch> Capture::ensure_watch(Session& session, const TableInfo& table,
                                             const WatchRequest& request, const StopSignal& stop) {
  const std::string definition =
      digest(functions_sql(table, request, "N") + triggers_sql(table, "N"));
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query("SELECT w.id, w.definition, (SELECT count(*) FROM pg_trigger t JOIN pg_proc p "
                    "ON p.oid = t.tgfoid"
                    " WHERE t.tgrelid = w.relation AND t.tgenabled <> 'D' AND p.pronamespace = "
                    "to_regnamespace($3)"
                    " AND p.proname LIKE 'capture\\_' || w.id || '\\_%')"
                    " FROM " +
                        schema_ + ".watch w WHERE w.relation = $1::oid AND w.link = $2::text[]",
                    {std::to_string(table.oid), Session::array_literal(request.link), schema_}));
  if (rows.empty()) return create_watch(session, table, request, stop);
  const int watch = static_cast<int>(rows.integer(0, 0));
  // Plain tables carry four triggers, others one of rows, and one of TRUNCATE where they have
  // storage of their own.
  const bool own_storage = std::any_of(table.leaves.begin(), table.leaves.end(),
                                       [&](const LeafInfo& leaf) { return leaf.oid == table.oid; });
  const int64_t expected = table.plain ? 4 : (own_storage ? 2 : 1);
  if (rows.integer(0, 2) != expected) {
    SYNCLINE_RETURN_IF_ERROR(drop_watch(session, watch, stop));
    return create_watch(session, table, request, stop);
  }
  if (rows.text(0, 1) != definition) {
    SYNCLINE_RETURN_IF_ERROR(replace_functions(session, table, request, watch, definition, stop));
  }
  return InstalledWatch{watch, false};
}

Result<InstalledWatch> Capture::create_watch(Session& session, const TableInfo& table,
                                             const WatchRequest& request, const StopSignal& stop) {
  const std::string definition =
      digest(functions_sql(table, request, "N") + triggers_sql(table, "N"));
  SYNCLINE_ASSIGN(const Rows rows, session.query("SELECT nextval(pg_get_serial_sequence($1, 'id'))",
                                                 {schema_ + ".watch"}));
  const std::string watch = rows.text(0, 0);
  // load_N starts at 1: a fresh watch is about to be loaded, and CREATE TRIGGER waits for the
  // writers in flight.
  std::string script = "CREATE SEQUENCE " + schema_ + ".load_" + watch + " MINVALUE 0 START 1;";
  script += functions_sql(table, request, watch) + triggers_sql(table, watch);
  script += "INSERT INTO " + schema_ + ".watch OVERRIDING SYSTEM VALUE VALUES (" + watch + ", " +
            std::to_string(table.oid) + ", " +
            Session::quote_literal(Session::array_literal(request.link)) + ", " +
            Session::quote_literal(definition) + ");";
  // Owners of watched tables may dump the database, our schema included.
  script +=
      "DO $grant$ DECLARE o name; BEGIN SELECT pg_get_userbyid(relowner) INTO o FROM pg_class "
      "WHERE oid = " +
      std::to_string(table.oid) + "; EXECUTE format('GRANT USAGE ON SCHEMA " + schema_ +
      " TO %I', o);"
      " EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA " +
      schema_ +
      " TO %I', o);"
      " EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA " +
      schema_ + " TO %I', o); END $grant$";
  SYNCLINE_RETURN_IF_ERROR(with_short_locks(session, script, stop));
  failpoint("triggers_installed");
  return InstalledWatch{static_cast<int>(rows.integer(0, 0)), true};
}

Status Capture::replace_functions(Session& session, const TableInfo& table,
                                  const WatchRequest& request, int watch,
                                  const std::string& definition, const StopSignal& stop) {
  const std::string number = std::to_string(watch);
  return with_short_locks(session,
                          functions_sql(table, request, number) + "UPDATE " + schema_ +
                              ".watch SET definition = " + Session::quote_literal(definition) +
                              " WHERE id = " + number,
                          stop);
}

Status Capture::begin_loading(Session& session, int watch) {
  const std::string sequence = schema_ + ".load_" + std::to_string(watch);
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const Rows set,
      session.query("SELECT setval($1::regclass, 1) FROM " + sequence + " WHERE last_value = 0",
                    {sequence}));
  return {};
}

Status Capture::end_loading(Session& session, int watch) {
  const std::string sequence = schema_ + ".load_" + std::to_string(watch);
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const Rows set,
      session.query("SELECT setval($1::regclass, 0) FROM " + sequence +
                        " WHERE last_value = 1 AND NOT EXISTS"
                        " (SELECT FROM " +
                        schema_ + ".member WHERE watch = $2::int AND load_finished_us IS NULL)",
                    {sequence, std::to_string(watch)}));
  return {};
}

Status Capture::drop_watch(Session& session, int watch, const StopSignal& stop) {
  const std::string number = std::to_string(watch);
  // CASCADE takes the triggers along, which a role that does not own the table could not drop by
  // themselves.
  std::string script;
  for (const char* suffix : {"statement", "row", "truncate"}) {
    script +=
        "DROP FUNCTION IF EXISTS " + schema_ + ".capture_" + number + "_" + suffix + "() CASCADE;";
  }
  script += "DROP SEQUENCE IF EXISTS " + schema_ + ".load_" + number + "; DELETE FROM " + schema_ +
            ".watch WHERE id = " + number;
  return with_short_locks(session, script, stop);
}

Status Capture::drop_unused_watches(Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const Rows rows, session.query("SELECT id FROM " + schema_ +
                                                 ".watch w WHERE NOT EXISTS (SELECT FROM " +
                                                 schema_ + ".member m WHERE m.watch = w.id)"));
  for (int i = 0; i < rows.size(); ++i) {
    SYNCLINE_RETURN_IF_ERROR(drop_watch(session, static_cast<int>(rows.integer(i, 0)), stop));
  }
  return {};
}

Status Capture::uninstall(Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const Rows found,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema_ + ".instance"}));
  if (!found.boolean(0, 0)) return {};
  SYNCLINE_RETURN_IF_ERROR(check_owner(session));
  // Another source of ours may be the same database under another name.
  SYNCLINE_ASSIGN(const bool unused, try_lock(session));
  if (!unused) return Error::retry("schema " + schema_ + " is in use", "55006");
  SYNCLINE_ASSIGN(const Rows watches, session.query("SELECT id FROM " + schema_ + ".watch"));
  for (int i = 0; i < watches.size(); ++i) {
    SYNCLINE_RETURN_IF_ERROR(drop_watch(session, static_cast<int>(watches.integer(i, 0)), stop));
  }
  SYNCLINE_ASSIGN(const Rows ours,
                  session.query("SELECT schema_created FROM " + schema_ + ".instance"));
  if (ours.boolean(0, 0))
    return with_short_locks(session, "DROP SCHEMA " + schema_ + " CASCADE", stop);
  std::string script;
  SYNCLINE_ASSIGN(
      const Rows versions,
      session.query(
          "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'S'"
          " AND relname ~ '^version_[0-9]+$'",
          {schema_}));
  for (int i = 0; i < versions.size(); ++i)
    script += "DROP SEQUENCE " + schema_ + "." + versions.text(i, 0) + ";";
  for (const char* table :
       {"member", "fan_out", "plan", "watch", "log_0", "log_1", "log_2", "instance"}) {
    script += std::string("DROP TABLE ") + schema_ + "." + table + ";";
  }
  for (const char* sequence : {"state", "overflow", "altered"}) {
    script += std::string("DROP SEQUENCE ") + schema_ + "." + sequence + ";";
  }
  script +=
      "DROP FUNCTION " + schema_ + ".wake(); DROP FUNCTION " + schema_ + ".check_size(bigint)";
  return with_short_locks(session, script, stop);
}

}  // namespace syncline

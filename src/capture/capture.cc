#include "capture/capture.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "capture/history.h"
#include "capture/privileges.h"
#include "capture/publications.h"
#include "embedded_sql.h"

namespace syncline::capture {

namespace {

constexpr int kFormat = 3;
// From the format before each.
constexpr int kFormatMin = 2;
constexpr std::array<std::string_view, kFormat - kFormatMin> kUpgrades = {embedded::upgrade_to_3};

constexpr const char* kOwnRelations =
    "{instance,log_0,log_1,log_2,state,sleeper,overflow,home,mark,unlogged,watch,reader,"
    "fingerprint,plan,fan_out,member}";
constexpr int kLockAttempts = 12;
constexpr auto kLockPause = std::chrono::milliseconds(200);

// What the database is known by, as a number that a sequence takes.
std::string home_sql() {
  return "hashtextextended(" + std::string(kIdentitySql) + ", 0) & 9223372036854775807";
}

}  // namespace

Status with_short_locks(postgres::Session& session, const std::string& script,
                        const StopSignal& stop) {
  for (int attempt = 1;; ++attempt) {
    Status done = session.script(
        "BEGIN; SET LOCAL lock_timeout = '50ms'; SET LOCAL statement_timeout = '700ms';"
        "DO " +
        postgres::Session::quote_literal("BEGIN EXECUTE " +
                                         postgres::Session::quote_literal(script) + "; END") +
        "; COMMIT");
    if (done.ok()) return done;
    if (session.usable()) SYNCLINE_RETURN_IF_ERROR(session.script("ROLLBACK"));
    const std::string& code = done.error().code;
    if (code != "55P03" && code != "40P01" && code != "57014") return done;
    if (attempt == kLockAttempts) return Error::retry("other transactions keep the table locked");
    if (stop.wait_for(kLockPause)) return Error::stop();
  }
}

Result<Writers> find_writers(postgres::Session& session, const postgres::TableInfo& table,
                             const std::optional<Writers>& among) {
  std::string oids = "{" + std::to_string(table.oid);
  for (const postgres::LeafInfo& leaf : table.leaves) oids += "," + std::to_string(leaf.oid);
  oids += "}";
  const std::string sql =
      "SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}'),"
      " string_agg(DISTINCT coalesce(pid::text, 'prepared'), ', ') FROM pg_locks"
      " WHERE locktype = 'relation' AND relation = ANY ($1::oid[])"
      " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', "
      "'AccessExclusiveLock') AND granted"
      " AND pid IS DISTINCT FROM pg_backend_pid() AND ($2::text[] IS NULL OR virtualtransaction = "
      "ANY ($2::text[]))";
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query(sql, {oids, among ? postgres::Param(among->transactions) : std::nullopt}));
  return Writers{rows.text(0, 0), rows.text(0, 1)};
}

Capture::Capture(const SourceSpec& spec, std::string instance_id)
    : spec_(spec),
      instance_id_(std::move(instance_id)),
      schema_(postgres::Session::quote_identifier(spec.capture_schema)),
      channel_(spec.capture_schema) {}

std::string Capture::render(std::string_view script, const Variables& variables) const {
  // A quote that nothing in between closes, whatever the user's columns are called.
  std::string quote = "capture";
  const auto closes = [&](const auto& variable) {
    return variable.second.find("$" + quote + "$") != std::string::npos;
  };
  while (std::any_of(variables.begin(), variables.end(), closes)) quote += "_";
  std::string text;
  size_t begin = 0;
  for (size_t open = script.find("{{"); open != std::string_view::npos;
       open = script.find("{{", begin)) {
    const size_t close = script.find("}}", open);
    const std::string_view name = script.substr(open + 2, close - open - 2);
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const auto& v) { return v.first == name; });
    text += script.substr(begin, open - begin);
    text += name == "schema" ? schema_ : name == "capture" ? "$" + quote + "$" : found->second;
    begin = close + 2;
  }
  return text += script.substr(begin);
}

Status Capture::install_schema(postgres::Session& session) {
  SYNCLINE_ASSIGN(const postgres::Rows found,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema_ + ".instance"}));
  if (!found.boolean(0, 0)) SYNCLINE_RETURN_IF_ERROR(create_schema(session));
  SYNCLINE_ASSIGN(const int format, check_owner(session));
  if (format < kFormat) SYNCLINE_RETURN_IF_ERROR(upgrade_schema(session, format));
  const Variables variables = {{"channel", postgres::Session::quote_literal(channel_)},
                               {"log_bytes_max", std::to_string(spec_.capture_log_bytes_max)},
                               {"home", home_sql()}};
  // First where the database is, then the function that compares with it.
  SYNCLINE_RETURN_IF_ERROR(session.script("SELECT setval('" + schema_ + ".home', " + home_sql() +
                                          ") FROM " + schema_ + ".home WHERE last_value <> " +
                                          home_sql()));
  return session.script(render(embedded::shared_functions, variables));
}

// From the first row on that a subscriber has no table for it would stand still, and the log pile
// up.
Status Capture::check_publications(postgres::Session& session) const {
  if (spec_.publish_all_tables_ok) return {};
  SYNCLINE_ASSIGN(const Publications found, find_publications(session, spec_.capture_schema));
  if (found.names.empty() || found.slots.empty()) return {};
  return Error::needs_person(
      "publication " + found.names + " would hold the tables of schema " + schema_ +
      " as well, and a subscriber (replication slot " + found.slots +
      ") that does not have them would stop replicating; publish tables by name instead of all, or"
      " set publish_all_tables_ok: true in the source's config if no subscriber is harmed");
}

Status Capture::create_schema(postgres::Session& session) {
  SYNCLINE_RETURN_IF_ERROR(check_privileges(session, spec_.capture_schema, {}));
  SYNCLINE_RETURN_IF_ERROR(check_publications(session));
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)",
                                {spec_.capture_schema}));
  const bool exists = rows.boolean(0, 0);
  std::string script = "BEGIN;";
  if (!exists) script += "CREATE SCHEMA " + schema_ + ";";
  script += render(embedded::schema, {});
  script += "INSERT INTO " + schema_ + ".instance VALUES (" +
            postgres::Session::quote_literal(instance_id_) + ", " + std::to_string(kFormat) + ", " +
            (exists ? "false" : "true") + "); COMMIT";
  Status done = session.script(script);
  if (done.ok()) return done;
  if (session.usable()) SYNCLINE_RETURN_IF_ERROR(session.script("ROLLBACK"));
  // What is left of a schema without its instance is nobody's.
  SYNCLINE_ASSIGN(const postgres::Rows left,
                  session.query("SELECT to_regclass($1) IS NULL AND"
                                " to_regclass($2) IS NOT NULL",
                                {schema_ + ".instance", schema_ + ".log_0"}));
  if (left.boolean(0, 0)) {
    return Error::needs_person("schema " + schema_ + " is not whole and does not say whose it is;" +
                               " run: DROP SCHEMA " + schema_ + " CASCADE");
  }
  // Two that create at once: the loser looks whose it is.
  const bool lost_race =
      done.error().code == "42P06" || done.error().code == "42P07" || done.error().code == "23505";
  return lost_race ? Status() : done;
}

Result<bool> Capture::try_lock(postgres::Session& session) {
  SYNCLINE_ASSIGN(const postgres::Rows lock,
                  session.query("SELECT pg_try_advisory_lock(hashtext('syncline'), hashtext($1))",
                                {spec_.capture_schema}));
  return lock.boolean(0, 0);
}

Result<int> Capture::check_owner(postgres::Session& session) {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT id, format FROM " + schema_ + ".instance"));
  if (rows.size() != 1 || rows.text(0, 0) != instance_id_) {
    return Error::needs_person(
        "schema " + schema_ +
        " belongs to another Syncline; stop that one and drop the schema, or give this"
        " source another capture_schema");
  }
  const int format = static_cast<int>(rows.integer(0, 1));
  if (format < kFormatMin || format > kFormat) {
    return Error::needs_person("schema " + schema_ +
                               " was made by another release of Syncline (format " +
                               rows.text(0, 1) + ")");
  }
  return format;
}

// In place: what is loaded stays so.
Status Capture::upgrade_schema(postgres::Session& session, int format) {
  std::string script = "BEGIN;";
  for (int from = format; from < kFormat; ++from)
    script += render(kUpgrades[static_cast<size_t>(from - kFormatMin)], {});
  spdlog::info("schema {}: from format {} to {}", schema_, format, kFormat);
  return session.script(script + "UPDATE " + schema_ +
                        ".instance SET format = " + std::to_string(kFormat) + "; COMMIT");
}

Status Capture::begin_loading(postgres::Session& session, int watch) {
  const std::string sequence = schema_ + ".load_" + std::to_string(watch);
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const postgres::Rows set,
      session.query("SELECT setval($1::regclass, 1) FROM " + sequence + " WHERE last_value = 0",
                    {sequence}));
  return {};
}

Status Capture::end_loading(postgres::Session& session, int watch) {
  const std::string sequence = schema_ + ".load_" + std::to_string(watch);
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const postgres::Rows set,
      session.query("SELECT setval($1::regclass, 0) FROM " + sequence +
                        " WHERE last_value = 1 AND NOT EXISTS"
                        " (SELECT FROM " +
                        schema_ + ".member WHERE watch = $2::int AND load_finished_us IS NULL)",
                    {sequence, std::to_string(watch)}));
  return {};
}

Status Capture::grant_to_readers(postgres::Session& session) {
  return session.script(
      render(embedded::readers, {{"wanted", render(embedded::readers_wanted, {})}}));
}

Status Capture::drop_unused_watches(postgres::Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("SELECT id FROM " + schema_ + ".watch w WHERE NOT EXISTS (SELECT FROM " +
                    schema_ + ".member m WHERE m.watch = w.id)"));
  for (int i = 0; i < rows.size(); ++i) {
    SYNCLINE_RETURN_IF_ERROR(drop_watch(session, static_cast<int>(rows.integer(i, 0)), stop));
  }
  return {};
}

// Every relation and function that does not belong to one watch or plan.
Result<bool> Capture::is_complete(postgres::Session& session) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT NOT EXISTS (SELECT FROM unnest($2::text[]) name"
                                "   WHERE to_regclass($1 || '.' || name) IS NULL)"
                                " AND to_regprocedure($1 || '.wake()') IS NOT NULL"
                                " AND to_regprocedure($1 || '.check_size(bigint)') IS NOT NULL",
                                {schema_, kOwnRelations}));
  if (!rows.boolean(0, 0)) return false;
  SYNCLINE_ASSIGN(const postgres::Rows loads,
                  session.query("SELECT NOT EXISTS (SELECT FROM " + schema_ +
                                    ".watch w WHERE to_regclass($1 || '.load_' || w.id) IS NULL)",
                                {schema_}));
  return loads.boolean(0, 0);
}

Status Capture::restore_schema(postgres::Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const bool complete, is_complete(session));
  if (complete) return {};
  spdlog::warn("parts of schema {} are missing; making it anew", schema_);
  SYNCLINE_RETURN_IF_ERROR(remove_everything(session, stop));
  return install_schema(session);
}

Status Capture::uninstall(postgres::Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const postgres::Rows found,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema_ + ".instance"}));
  if (!found.boolean(0, 0)) return {};
  SYNCLINE_ASSIGN([[maybe_unused]] const int format, check_owner(session));
  // Another source of ours may be the same database under another name.
  SYNCLINE_ASSIGN(const bool unused, try_lock(session));
  if (!unused) return Error::retry("schema " + schema_ + " is in use", Origin::database, "55006");
  return remove_everything(session, stop);
}

// First the functions, one watch at a time, with the triggers: from then on no writer needs what is
// left. A schema that was there before us stays.
Status Capture::remove_everything(postgres::Session& session, const StopSignal& stop) {
  SYNCLINE_ASSIGN(
      const postgres::Rows functions,
      session.query("SELECT oid::regprocedure FROM pg_proc WHERE pronamespace ="
                    " to_regnamespace($1) AND proname ~ '^capture_[0-9]+_' ORDER BY proname",
                    {schema_}));
  for (int i = 0; i < functions.size(); ++i) {
    SYNCLINE_RETURN_IF_ERROR(with_short_locks(
        session, "DROP FUNCTION IF EXISTS " + functions.text(i, 0) + " CASCADE", stop));
  }
  SYNCLINE_ASSIGN(const postgres::Rows ours,
                  session.query("SELECT schema_created FROM " + schema_ + ".instance"));
  if (ours.boolean(0, 0))
    return with_short_locks(session, "DROP SCHEMA " + schema_ + " CASCADE", stop);
  SYNCLINE_ASSIGN(
      const postgres::Rows relations,
      session.query("SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END ||"
                    " oid::regclass FROM pg_class WHERE relnamespace = to_regnamespace($1)"
                    " AND relkind IN ('r', 'S') AND (relname = ANY ($2::text[])"
                    " OR relname = 'pulse' OR relname ~ '^(load|version)_[0-9]+$')",
                    {schema_, kOwnRelations}));
  std::string script;
  SYNCLINE_ASSIGN(const postgres::Rows readers,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema_ + ".reader"}));
  if (readers.boolean(0, 0))
    script += render(embedded::readers, {{"wanted", "SELECT 0::oid WHERE false"}});
  for (int i = 0; i < relations.size(); ++i) script += "DROP " + relations.text(i, 0) + ";";
  script += "DROP FUNCTION IF EXISTS " + schema_ + ".wake(), " + schema_ + ".check_size(bigint)";
  return with_short_locks(session, script, stop);
}

}  // namespace syncline::capture

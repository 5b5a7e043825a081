#include "source/history.h"

namespace syncline {

Result<DatabaseHistory> read_history(Session& session, const std::string& schema) {
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query("SELECT (SELECT system_identifier FROM pg_control_system()) || ':' ||"
                    " left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' ||"
                    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"));
  DatabaseHistory history{rows.text(0, 0), rows.integer(0, 1)};
  SYNCLINE_ASSIGN(const Rows found,
                  session.query("SELECT to_regclass($1) IS NOT NULL", {schema + ".pulse"}));
  if (!found.boolean(0, 0)) return history;
  SYNCLINE_ASSIGN(const Rows pulse, session.query("SELECT last_value FROM " + schema + ".pulse"));
  history.pulse = pulse.integer(0, 0);
  return history;
}

Status set_pulse(Session& session, const std::string& schema, int64_t pulse) {
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const Rows set,
      session.query(
          "SELECT set_config('synchronous_commit', 'local', true), setval($1, $2::bigint)",
          {schema + ".pulse", std::to_string(pulse)}));
  return {};
}

std::optional<std::string> lost_history(const DatabaseHistory& before, const DatabaseHistory& now) {
  if (before.identity != now.identity)
    return "the database is another one than before: a copy, a restored backup, or a standby that"
           " was promoted";
  if (now.xmax < before.xmax || (now.pulse > 0 && now.pulse < before.pulse))
    return "the database has lost transactions that it had: an older copy of it, or a crash"
           " without synchronous commits";
  return std::nullopt;
}

}  // namespace syncline

#include "source/history.h"

namespace syncline {

Result<DatabaseHistory> read_history(Session& session) {
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query("SELECT (SELECT system_identifier FROM pg_control_system()) || ':' ||"
                    " left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' ||"
                    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"));
  return DatabaseHistory{rows.text(0, 0), rows.integer(0, 1)};
}

std::optional<std::string> lost_history(const DatabaseHistory& before, const DatabaseHistory& now) {
  if (before.identity != now.identity)
    return "the database is another one than before: a copy, a restored backup, or a standby that"
           " was promoted";
  if (now.xmax < before.xmax)
    return "the database has lost transactions that it had: an older copy of it, or a crash"
           " without synchronous commits";
  return std::nullopt;
}

}  // namespace syncline

#include "capture/history.h"

namespace syncline::capture {

namespace {
constexpr const char* kNoMark = "none";  // in a schema of ours: somebody took it away
}  // namespace

Result<DatabaseHistory> read_history(postgres::Session& session, const std::string& schema) {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query(std::string("SELECT ") + kIdentitySql +
                                    ", pg_snapshot_xmax(pg_current_snapshot())::text::bigint,"
                                    " to_regclass($1) IS NOT NULL, to_regclass($2) IS NOT NULL",
                                {schema + ".instance", schema + ".mark"}));
  DatabaseHistory history{rows.text(0, 0), rows.integer(0, 1), "", ""};
  if (!rows.boolean(0, 2)) return history;
  history.mark = kNoMark;
  if (!rows.boolean(0, 3)) return history;
  SYNCLINE_ASSIGN(const postgres::Rows mark,
                  session.query("SELECT value FROM " + schema + ".mark"));
  if (!mark.empty()) history.mark = mark.text(0, 0);
  return history;
}

Status set_mark(postgres::Session& session, const std::string& schema, const std::string& mark) {
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const postgres::Rows set,
      session.query("WITH local AS (SELECT set_config('synchronous_commit', 'local', true))"
                    " INSERT INTO " +
                        schema +
                        ".mark SELECT true, $1 FROM local"
                        " ON CONFLICT (one) DO UPDATE SET value = EXCLUDED.value",
                    {mark}));
  return {};
}

std::optional<std::string> lost_history(const DatabaseHistory& before, const DatabaseHistory& now) {
  if (before.identity != now.identity)
    return "the database is another one than before: a copy, a restored backup, or a standby that"
           " was promoted";
  const bool other_mark = !before.mark.empty() && !now.mark.empty() && now.mark != before.mark &&
                          now.mark != before.next_mark;
  if (now.xmax < before.xmax || other_mark)
    return "the database has lost transactions that it had: an older copy of it, or a crash"
           " without synchronous commits";
  return std::nullopt;
}

}  // namespace syncline::capture

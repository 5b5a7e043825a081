#include "capture/change_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/failpoint.h"

namespace syncline::capture {

namespace {

constexpr int kTables = 3;
// Of one watch; negated where a key was lost.
constexpr const char* kOfWatch = "watch IN ($3::int, -$3::int) AND ";
// The length is told without reading the key.
const std::string kKey =
    "CASE WHEN octet_length(key) <= " + std::to_string(ChangeCursor::kKeyBytesMax) +
    " THEN key END, watch < 0";
// A current log table larger than this is given up for an empty one.
constexpr int64_t kRotateBytes = 1 << 20;
constexpr int kPollRowsMax = 10'000;

// "What this snapshot does not see", from all three tables: what had been in progress, and what
// came later. $1 xmax, $2 xip; `condition` may use further parameters.
std::string unseen(const std::string& schema, const std::string& columns,
                   const std::string& condition) {
  std::string sql;
  for (int i = 0; i < kTables; ++i) {
    const std::string from = "SELECT " + columns + " FROM " + schema + ".log_" + std::to_string(i) +
                             " WHERE " + condition;
    if (i > 0) sql += " UNION ALL ";
    sql += from + "txid >= $1::xid8 UNION ALL " + from + "txid = ANY ($2::xid8[])";
  }
  return sql;
}

std::string xip_literal(const Snapshot& snapshot) {
  std::string literal = "{";
  for (const uint64_t txid : snapshot.xip)
    literal += (literal.size() > 1 ? "," : "") + std::to_string(txid);
  return literal + "}";
}

uint64_t txid_of(const postgres::Rows& rows, int row, int column) {
  const std::string_view digits = rows.get(row, column).value_or("0");
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

int count_rows(const postgres::Session::Answer& answer) {
  int count = 0;
  for (const postgres::Rows& rows : answer.parts) count += rows.size();
  return count;
}

// Rows of (key, whether the key was lost).
void take_keys(const postgres::Rows& rows, int first_row, ChangeBatch& batch) {
  for (int i = first_row; i < rows.size(); ++i) {
    const auto key = rows.get(i, 0);
    if (rows.boolean(i, 1)) {
      batch.keys_lost = true;
    } else if (key) {
      batch.keys.emplace_back(std::string(*key));
    } else {
      batch.keys.emplace_back(std::nullopt);
    }
  }
}

void take_keys(const postgres::Session::Answer& answer, ChangeBatch& batch) {
  for (const postgres::Rows& rows : answer.parts) take_keys(rows, 0, batch);
}

}  // namespace

ChangeLog::ChangeLog(const std::string& schema, int64_t bytes_max)
    : schema_(schema),
      rotate_bytes_(std::min(kRotateBytes, bytes_max / 4)),
      poll_sql_("SELECT pg_current_snapshot()::text, (SELECT last_value FROM " + schema +
                ".overflow)::text"
                " UNION ALL SELECT watch::text, count(*)::text FROM (SELECT * FROM (" +
                unseen(schema, "abs(watch) AS watch", "") + ") u LIMIT " +
                std::to_string(kPollRowsMax) + ") l GROUP BY watch"),
      count_sql_("SELECT count(*) FROM (SELECT * FROM (" + unseen(schema, "1", kOfWatch) +
                 ") u LIMIT " + std::to_string(kCountMax) + ") l"),
      small_sql_(
          "SELECT pg_current_snapshot()::text, false UNION ALL SELECT * FROM (SELECT * FROM (" +
          unseen(schema, kKey, kOfWatch) + ") u LIMIT " +
          std::to_string(ChangeCursor::kKeysMax + 1) + ") l"),
      // $4: the snapshot up to which to read.
      txids_sql_(
          "SELECT txid FROM (" +
          unseen(schema, "txid",
                 std::string(kOfWatch) + "pg_visible_in_snapshot(txid, $4::pg_snapshot) AND ") +
          ") u ORDER BY txid LIMIT " + std::to_string(ChangeCursor::kKeysMax + 1)),
      // $2 is empty here; $5: the end of the range of transactions.
      range_sql_("SELECT * FROM (" +
                 unseen(schema, kKey,
                        std::string(kOfWatch) + "pg_visible_in_snapshot(txid, $4::pg_snapshot)"
                                                " AND txid < $5::xid8 AND ") +
                 ") u"),
      // $1 lies beyond all; $2 holds the one transaction.
      one_sql_("SELECT * FROM (" + unseen(schema, kKey, kOfWatch) + ") u LIMIT " +
               std::to_string(ChangeCursor::kKeysMax + 1)) {}

Result<Snapshot> ChangeLog::now(postgres::Session& session) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows, session.query("SELECT pg_current_snapshot()::text"));
  auto now = Snapshot::parse(rows.text(0, 0));
  if (!now) return Error::bug("not a snapshot: " + rows.text(0, 0));
  return *std::move(now);
}

Result<ChangeLog::Head> ChangeLog::poll(postgres::Session& session, const Snapshot& since) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query(poll_sql_, {std::to_string(since.xmax), xip_literal(since)}));
  Head head;
  const auto now = Snapshot::parse(rows.text(0, 0));
  if (!now) return Error::bug("not a snapshot: " + rows.text(0, 0));
  head.now = *now;
  head.overflow = rows.text(0, 1) != "0";
  std::vector<int> watches;
  for (int i = 1; i < rows.size(); ++i) {
    watches.push_back(static_cast<int>(rows.integer(i, 0)));
    head.changes += rows.integer(i, 1);
  }
  if (head.changes < kPollRowsMax) head.watches = std::move(watches);
  return head;
}

Result<int64_t> ChangeLog::count(postgres::Session& session, int watch,
                                 const Snapshot& since) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query(count_sql_, {std::to_string(since.xmax), xip_literal(since),
                                             std::to_string(watch)}));
  return rows.integer(0, 0);
}

Status ChangeLog::rotate(postgres::Session& session) const {
  const std::string size = "pg_relation_size('" + schema_ + ".log_";
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT last_value & 3, last_value & 12, " + size + "0'), " + size +
                                "1'), " + size + "2') FROM " + schema_ + ".state"));
  const int current = static_cast<int>(rows.integer(0, 0));
  int empty = -1;
  for (int i = 0; i < kTables; ++i) {
    if (i == current) continue;
    const std::string table = schema_ + ".log_" + std::to_string(i);
    if (rows.integer(0, 2 + i) == 0) {
      empty = i;
      continue;
    }
    // A look without a lock first; then again under the lock, in a statement of its own, before it
    // is truncated.
    const std::string unread =
        "EXISTS (SELECT FROM " + schema_ + ".member m CROSS JOIN LATERAL (SELECT FROM " + table +
        " l WHERE l.txid >= pg_snapshot_xmin(m.position) AND abs(l.watch) = m.watch"
        " AND NOT pg_visible_in_snapshot(l.txid, m.position) LIMIT 1) u)";
    SYNCLINE_ASSIGN(const postgres::Rows look, session.query("SELECT " + unread));
    if (look.boolean(0, 0)) continue;
    const Status done = session.script("BEGIN; SET LOCAL lock_timeout = '50ms'; LOCK TABLE " +
                                       table + " IN ACCESS EXCLUSIVE MODE");
    if (done.ok()) {
      failpoint("log_locked");
      const Status truncated =
          session.script("DO $truncate$ BEGIN IF NOT " + unread + " THEN TRUNCATE " + table +
                         "; END IF; END $truncate$; COMMIT");
      if (truncated.ok()) continue;
    }
    if (!session.usable()) return Error::retry("the connection broke while the log was rotated");
    SYNCLINE_RETURN_IF_ERROR(session.script("ROLLBACK"));
  }
  if (empty < 0 || rows.integer(0, 2 + current) < rotate_bytes_) return {};
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const postgres::Rows set,
      session.query("SELECT setval($1::regclass, $2::bigint)",
                    {schema_ + ".state", std::to_string(empty + (rows.integer(0, 1) & 4))}));
  return {};
}

Status ChangeLog::drop_foreign(postgres::Session& session) const {
  for (int i = 0; i < kTables; ++i) {
    SYNCLINE_RETURN_IF_ERROR(session.script("DELETE FROM " + schema_ + ".log_" + std::to_string(i) +
                                            " WHERE txid > pg_current_xact_id()"));
  }
  return {};
}

Result<std::string> ChangeLog::holders(postgres::Session& session) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query(
          "SELECT string_agg(coalesce('process ' || h.pid || coalesce(' (' ||"
          " nullif(a.application_name, '') || ')', ''), 'a prepared transaction'), ', '"
          " ORDER BY h.pid) FROM (SELECT DISTINCT l.pid FROM pg_locks l WHERE l.granted"
          " AND l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_backend_pid()"
          " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
          " AND l.relation IN ($1::regclass, $2::regclass, $3::regclass)) h"
          " LEFT JOIN pg_stat_activity a ON a.pid = h.pid"
          " WHERE a.application_name IS DISTINCT FROM 'syncline'",
          {schema_ + ".log_0", schema_ + ".log_1", schema_ + ".log_2"}));
  return rows.text(0, 0);
}

Result<ChangeBatch> ChangeCursor::read(postgres::Session& session) {
  if (huge_) return read_huge(session);
  const std::vector<postgres::Param> params = {std::to_string(at_.xmax), xip_literal(at_),
                                               std::to_string(watch_)};
  SYNCLINE_ASSIGN(const auto answer, read_keys(session, log_->small_sql_, params));
  if (!answer) {
    SYNCLINE_ASSIGN(const Snapshot now, log_->now(session));
    return read_part(session, now);
  }
  const postgres::Rows& first = answer->parts.front();
  const auto now = Snapshot::parse(first.text(0, 0));
  if (!now) return Error::bug("not a snapshot: " + first.text(0, 0));
  if (count_rows(*answer) - 1 > kKeysMax) return read_part(session, *now);
  ChangeBatch batch;
  for (const postgres::Rows& rows : answer->parts) take_keys(rows, &rows == &first ? 1 : 0, batch);
  batch.position = now->position();
  batch.at_head = true;
  at_ = *now;
  return batch;
}

Result<std::optional<postgres::Session::Answer>> ChangeCursor::read_keys(
    postgres::Session& session, const std::string& sql,
    std::span<const postgres::Param> params) const {
  SYNCLINE_RETURN_IF_ERROR(session.begin_query(sql, params));
  SYNCLINE_ASSIGN(postgres::Session::Answer answer, session.end_rows(kBatchBytesMax));
  if (!answer.complete) return std::optional<postgres::Session::Answer>();
  return std::optional(std::move(answer));
}

// More than a batch holds: as many whole transactions as fit, those first that had been in
// progress.
Result<ChangeBatch> ChangeCursor::read_part(postgres::Session& session, const Snapshot& now) {
  const postgres::Param watch = std::to_string(watch_);
  for (const uint64_t txid : at_.xip) {
    if (!now.sees(txid)) continue;
    SYNCLINE_ASSIGN(ChangeBatch batch, read_one(session, txid, at_.with(txid)));
    if (!batch.keys.empty() || huge_) return batch;
  }
  const postgres::Param from = std::to_string(at_.xmax);
  SYNCLINE_ASSIGN(const postgres::Rows txids,
                  session.query(log_->txids_sql_, {from, "{}", watch, now.text()}));
  const uint64_t first = txids.empty() ? now.xmax : txid_of(txids, 0, 0);
  uint64_t end = now.xmax;
  if (txids.size() > kKeysMax) end = txid_of(txids, txids.size() - 1, 0);
  for (int count = txids.size(); end > first || txids.empty();) {
    const std::vector<postgres::Param> params = {from, "{}", watch, now.text(),
                                                 std::to_string(end)};
    SYNCLINE_ASSIGN(const auto answer, read_keys(session, log_->range_sql_, params));
    if (answer) {
      ChangeBatch batch;
      take_keys(*answer, batch);
      at_ = at_.advanced_to(now, end);
      batch.position = at_.position();
      return batch;
    }
    count /= 2;
    end = txid_of(txids, count, 0);
  }
  return read_one(session, first, at_.advanced_to(now, first + 1));
}

Result<ChangeBatch> ChangeCursor::read_one(postgres::Session& session, uint64_t txid,
                                           Snapshot after) {
  const std::vector<postgres::Param> params = {
      std::to_string(UINT64_MAX), "{" + std::to_string(txid) + "}", std::to_string(watch_)};
  SYNCLINE_ASSIGN(const auto answer, read_keys(session, log_->one_sql_, params));
  if (!answer || count_rows(*answer) > kKeysMax) {
    huge_ = Huge{};
    huge_->txid = txid;
    huge_->after = std::move(after);
    return read_huge(session);
  }
  ChangeBatch batch;
  take_keys(*answer, batch);
  if (!batch.keys.empty()) {
    batch.position = after.position();
    at_ = std::move(after);
  }
  return batch;
}

Result<ChangeBatch> ChangeCursor::read_huge(postgres::Session& session) {
  Huge huge = *huge_;
  ChangeBatch batch;
  while (batch.keys.empty() && huge.table < kTables) {
    SYNCLINE_ASSIGN(const bool read, read_blocks(session, huge, batch));
    if (!read || huge.place > 0) continue;
    SYNCLINE_ASSIGN(
        const postgres::Rows size,
        session.query("SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int",
                      {log_->schema_ + ".log_" + std::to_string(huge.table)}));
    if (huge.block >= size.integer(0, 0)) {
      ++huge.table;
      huge.block = 0;
    }
  }
  if (huge.table == kTables) {
    batch.position = huge.after.position();
    at_ = huge.after;
    huge_.reset();
  } else {
    huge_ = huge;
  }
  return batch;
}

// The keys from where it stands on, some blocks or a part of one, and moves on. False: they weigh
// too much together, and fewer are to be read. A single one is read whatever it weighs.
Result<bool> ChangeCursor::read_blocks(postgres::Session& session, Huge& huge,
                                       ChangeBatch& batch) const {
  const auto tid = [](int64_t block, int64_t place) {
    return "(" + std::to_string(block) + "," + std::to_string(place) + ")";
  };
  const bool whole = huge.blocks > 0;
  int64_t to_block = huge.block + huge.blocks;
  int64_t to_place = whole ? 0 : huge.place + huge.places;
  const std::vector<postgres::Param> params = {tid(huge.block, huge.place), tid(to_block, to_place),
                                               std::to_string(huge.txid), std::to_string(watch_)};
  SYNCLINE_RETURN_IF_ERROR(session.begin_query(
      "SELECT " + kKey + " FROM " + log_->schema_ + ".log_" + std::to_string(huge.table) +
          " WHERE ctid >= $1::tid AND ctid < $2::tid AND txid = $3::xid8"
          " AND watch IN ($4::int, -$4::int)",
      params));
  const bool single = !whole && huge.places == 1;
  SYNCLINE_ASSIGN(const postgres::Session::Answer answer,
                  session.end_rows(single ? 2 * kKeyBytesMax : kBatchBytesMax));
  if (!answer.complete) {
    (whole ? huge.blocks : huge.places) /= 2;
    return false;
  }
  take_keys(answer, batch);
  if (to_place >= kPlacesMax) {
    to_place = 0;
    ++to_block;
  }
  huge.block = to_block;
  huge.place = to_place;
  return true;
}

}  // namespace syncline::capture

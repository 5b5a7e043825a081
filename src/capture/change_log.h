// ChangeLog: reads the change log's keys in commit order, in bounded pieces, by short statements.
//
// Owner: Source; stateless, any thread with a session of its own. ChangeCursor is a reader's place
// in it: TriggerFeed's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/feed.h"
#include "capture/snapshot.h"
#include "postgres/session.h"
#include "postgres/table_queries.h"

namespace syncline::capture {

class ChangeLog {
 public:
  // bytes_max: capture_log_bytes_max; a log table is given up for an empty one long before.
  ChangeLog(const std::string& quoted_schema, int64_t bytes_max);

  struct Head {
    Snapshot now;
    bool overflow = false;
    int64_t changes = 0;  // keys that `since` did not see
    // Of those keys; nothing: too many to tell, take every watch as touched.
    std::optional<std::vector<int>> watches;
  };
  // What happened since a snapshot, for all watches together.
  Result<Head> poll(postgres::Session& session, const Snapshot& since) const;

  // What has been committed by now.
  Result<Snapshot> now(postgres::Session& session) const;

  // Keys of a watch that a snapshot does not see; counts at most kCountMax.
  Result<int64_t> count(postgres::Session& session, int watch, const Snapshot& since) const;
  static constexpr int64_t kCountMax = 1'000'000;

  // Truncates the log tables that are consumed and gives a large current one up for an empty one.
  // Never waits longer than 50 ms.
  Status rotate(postgres::Session& session) const;
  // Drops keys of transactions that this server has not begun: of another one, whose dump was
  // restored here. They would look new for ever.
  Status drop_foreign(postgres::Session& session) const;
  // Who keeps the log tables from being truncated, for a person; empty: nobody.
  Result<std::string> holders(postgres::Session& session) const;

 private:
  friend class ChangeCursor;
  const std::string schema_;
  const int64_t rotate_bytes_;
  const std::string poll_sql_, count_sql_, small_sql_, txids_sql_, range_sql_, one_sql_;
};

class ChangeCursor {
 public:
  static constexpr int kKeysMax = 10'000;                    // in one batch
  static constexpr size_t kBatchBytesMax = size_t{8} << 20;  // of keys, but for a single one
  // A longer one stands for all rows.
  static constexpr int64_t kKeyBytesMax = postgres::TableQueries::kKeyBytesMax;

  ChangeCursor(const ChangeLog& log, int watch, Snapshot start)
      : log_(&log), watch_(watch), at_(std::move(start)) {}

  // The next batch. After an error the same batch is read again.
  Result<ChangeBatch> read(postgres::Session& session);

  // Nothing was logged for the watch between where it is and this later snapshot.
  void skip_to(Snapshot snapshot) { at_ = std::move(snapshot); }

 private:
  // A transaction with more keys than a batch holds is read block range by block range of each log
  // table.
  struct Huge {
    uint64_t txid = 0;
    Snapshot after;
    int table = 0;
    int64_t block = 0, place = 0;  // from where on
    int64_t blocks = kHugeBlocks;  // to be read at once; 0: only so many places of one
    int64_t places = kPlacesMax;
  };
  static constexpr int64_t kHugeBlocks = 64;   // of 8 kB: some 10,000 keys
  static constexpr int64_t kPlacesMax = 2048;  // more than any block has

  // Nothing: the keys weigh more than a batch may.
  Result<std::optional<postgres::Session::Answer>> read_keys(
      postgres::Session& session, const std::string& sql,
      std::span<const postgres::Param> params) const;
  Result<ChangeBatch> read_part(postgres::Session& session, const Snapshot& now);
  Result<bool> read_blocks(postgres::Session& session, Huge& huge, ChangeBatch& batch) const;
  Result<ChangeBatch> read_one(postgres::Session& session, uint64_t txid, Snapshot after);
  Result<ChangeBatch> read_huge(postgres::Session& session);

  const ChangeLog* log_;
  int watch_;
  Snapshot at_;
  std::optional<Huge> huge_;
};

}  // namespace syncline::capture

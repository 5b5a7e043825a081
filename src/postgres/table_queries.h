// TableQueries: the SQL that reads one job's rows: by COPY while loading, by keys while composing.
//
// Owner: Member; immutable, any thread. Every row begins with the link columns, then the columns
// asked for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::postgres {

// Which rows of one place a lookup gives.
enum class RowsOfPlace {
  highest_by_text,   // the one with the highest winner key; a place is the link's text
  highest_by_value,  // likewise; a place is the link's value, so that 1.0 and 1.00 are one
  all,               // ordered by a column, then by the winner key
};

class TableQueries {
 public:
  // Precondition: the table has all of these columns. element_order: for `all`, else empty.
  TableQueries(const TableInfo& table, std::vector<std::string> link,
               std::vector<std::string> columns, RowsOfPlace which,
               const std::string& element_order);

  // Rows with a longer text in a link column are not found: no key is as long.
  static constexpr int64_t kKeyBytesMax = int64_t{16} << 20;

  // The rows whose link columns have these values: keys[i] holds the text of each link column of
  // the i-th key. Where several rows claim one place that only one can have, the one with the
  // highest winner key comes alone; without a winner key they all come, and so do those that have
  // the highest one together, being NULL (at most kClaimsMax for each key asked). A row comes once,
  // however many of the keys are equal to it. Text that does not parse as its column's type matches
  // nothing. In two steps, so that several sessions read at once; keys live until the second.
  using Keys = std::span<const std::vector<std::string>>;
  // Rows that are there but cannot be read, since the server cannot give a value of theirs.
  struct Unreadable {
    size_t key = 0;  // its place among the keys
    std::string reason;
  };
  struct Found {
    std::vector<Rows> parts;
    std::vector<Unreadable> unreadable;
    size_t bytes = 0;
    bool complete = true;  // false: they weigh more than bytes_max
  };
  Status begin_read(Session& session, Keys keys) const;
  Result<Found> end_read(Session& session, Keys keys, size_t bytes_max) const;
  static constexpr int kClaimsMax = 4;
  // With `all` and several keys no more than one row above this comes: then there may be more, and
  // the caller asks for fewer keys.
  static constexpr int kRowsMax = 50'000;

  // About how many rows the table has: of a small one exactly, else what the planner expects. Never
  // a matter of reading a large table.
  Result<int64_t> estimate_rows(Session& session, const TableInfo& table) const;

  // The link columns of the rows in some blocks of a leaf, which a short statement reads.
  Result<Rows> read_links(Session& session, const LeafInfo& leaf, int64_t from_block,
                          int64_t blocks) const;
  static Result<int64_t> count_blocks(Session& session, const LeafInfo& leaf);

  // COPY of a leaf from a block on, up to another (0: to the end): ctid first, then the row as
  // above (only the link columns if `link_only`, and only where they are of a length that can be
  // read).
  std::string copy_sql(const LeafInfo& leaf, int64_t from_block, int64_t to_block,
                       bool link_only) const;

  size_t link_size() const { return link_.size(); }
  size_t row_size() const { return link_.size() + columns_.size(); }

 private:
  std::vector<Param> params_of(Keys keys) const;
  // Some of the keys, from the one that is the `first` of all.
  struct Part {
    Keys keys;
    size_t first = 0;
    size_t bytes_max = 0;  // of all parts
  };
  Status read_part(Session& session, const Part& part, Found& found) const;
  Status take_part(Session& session, const Part& part, Found& found) const;

  std::vector<std::string> link_, columns_;
  std::string select_list_, link_list_, link_guard_;
  std::string count_sql_, estimate_sql_;
  bool bounded_;
  Statement lookup_, exists_;
};

}  // namespace syncline::postgres

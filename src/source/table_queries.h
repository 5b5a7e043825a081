// TableQueries: the SQL that reads one job's rows: by COPY while loading, by ids while composing.
//
// Owner: Member; immutable, any thread. Every row begins with the link columns, then the columns
// asked for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/catalog.h"
#include "source/session.h"

namespace syncline {

class TableQueries {
 public:
  // Precondition: the table has all of these columns.
  TableQueries(const TableInfo& table, std::vector<std::string> link,
               std::vector<std::string> columns);

  // The rows whose link columns have these values: keys[i] holds the text of each link column of
  // the i-th id. Where several rows may claim one id, the row with the highest winner key comes
  // alone; without a winner key they all come (at most kClaimsMax for each id asked). Text that
  // does not parse as its column's type matches nothing.
  Result<std::vector<Rows>> read_by_keys(Session& session,
                                         std::span<const std::vector<std::string>> keys) const;
  static constexpr int kClaimsMax = 4;

  // COPY of a leaf from a block on: ctid first, then the row as above (only the link columns if
  // `link_only`).
  std::string copy_sql(const LeafInfo& leaf, int64_t from_block, bool link_only) const;

  size_t link_size() const { return link_.size(); }
  size_t row_size() const { return link_.size() + columns_.size(); }

 private:
  Status read_part(Session& session, std::span<const std::vector<std::string>> keys,
                   std::vector<Rows>& parts) const;

  std::vector<std::string> link_, columns_;
  std::string select_list_, link_list_;
  std::string lookup_sql_;
};

}  // namespace syncline

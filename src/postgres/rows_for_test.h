// Rows made by hand, as a server would have sent them.
#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "postgres/session.h"

namespace syncline::postgres {

using RowForTest = std::vector<std::optional<std::string>>;

// All of one length.
inline Rows rows_for_test(const std::vector<RowForTest>& rows) {
  PGresult* const result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::string name = "column";
  std::vector<PGresAttDesc> columns(rows.empty() ? 0 : rows.front().size());
  for (PGresAttDesc& column : columns) column.name = name.data();
  PQsetResultAttrs(result, static_cast<int>(columns.size()), columns.data());
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t column = 0; column < columns.size(); ++column) {
      std::optional<std::string> value = rows[row][column];
      PQsetvalue(result, static_cast<int>(row), static_cast<int>(column),
                 value ? value->data() : nullptr, value ? static_cast<int>(value->size()) : -1);
    }
  }
  return Rows(result);
}

}  // namespace syncline::postgres

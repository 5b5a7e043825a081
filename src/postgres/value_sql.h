// How a value of a user's column stands in SQL of ours: as text, as a parameter, compared.
//
// Nobody's code runs with our rights: not the functions of casts, operators and domains that the
// owner of a type or of a table defines, before or after we looked at it (docs/decisions.md). The
// one place that says so; pure functions and a builder of statements, any thread.
#pragma once

#include <string>
#include <vector>

#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::postgres {

// The text of a value of any type, as its output function makes it; NULL stays NULL.
std::string text_sql(const std::string& value);
// The same of a column of a row variable, in a function that is made for the column's type: cheaper
// for types of PostgreSQL's own. With another type the expression cannot be parsed.
std::string text_sql(const ColumnInfo& column, const std::string& row);

// A column of the table alias `t`.
std::string column_sql(const std::string& name);

// Builds a statement over one table, `t`. First the parameters are added, in the order of their
// values, then the conditions, then the whole is taken.
class ValueSql {
 public:
  // The place of a parameter ($1 …): of a type that the statement itself names, of many values of
  // the column, of one.
  std::string add_plain() { return add(0); }
  std::string add_values(const ColumnInfo& column);
  std::string add_value(const ColumnInfo& column);

  // What is true where the column equals one of the values, or an element of them taken apart by
  // unnest(). Equal as its type has it, or by the text where only that is safe: a superset of the
  // rows whose text is the same.
  static std::string equals_any(const ColumnInfo& column, const std::string& values);
  static std::string equals(const ColumnInfo& column, const std::string& element);

  // What rows are ordered by to go through them page by page, in any order that is one. Comparable
  // with a parameter of add_value().
  static std::string page_order(const ColumnInfo& column);
  // As the column orders, but text by bytes.
  static std::string element_order(const ColumnInfo& column);
  // Values that are the same to the last byte.
  static std::string place(const std::string& column);

  // Types are what the catalog said, or the statement is not even planned: to be added to the
  // conditions for each column that is compared. Costs nothing when it runs.
  std::string same_type(const ColumnInfo& column);

  Statement take(const std::string& sql);

 private:
  std::string add(uint32_t type);

  std::vector<uint32_t> types_;
};

}  // namespace syncline::postgres

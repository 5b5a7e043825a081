#include "postgres/value_sql.h"

namespace syncline::postgres {

namespace {

constexpr uint32_t kText = 25, kTextArray = 1009;  // oids of PostgreSQL's own never change

// As its base type: no operator of the domain's owner is found.
std::string as_base(const ColumnInfo& column) {
  const std::string value = column_sql(column.name);
  return column.domain ? "(" + value + ")::" + column.type->name : value;
}

// An array of `value` has the type of `other`, or the statement cannot be parsed: of this function
// PostgreSQL asks that both are the same, and looks for no cast. As `other` is NULL the planner
// makes `true` of it.
std::string is_array_of(const std::string& value, const std::string& other) {
  return "pg_catalog.array_eq(ARRAY[" + value + "], " + other + ") IS NULL";
}

}  // namespace

// IS NOT DISTINCT FROM NULL, since a composite value of nothing but NULLs IS NULL too.
std::string text_sql(const std::string& value) {
  return "CASE WHEN " + value + " IS NOT DISTINCT FROM NULL THEN NULL ELSE pg_catalog.concat(" +
         value + ") END";
}

std::string text_sql(const ColumnInfo& column, const std::string& row) {
  const std::string value = row + "." + Session::quote_identifier(column.name);
  if (!column.built_in || column.domain) return text_sql(value);
  return "CASE WHEN " + is_array_of(value, "NULL::" + column.type->name + "[]") + " THEN " + value +
         "::pg_catalog.text END";
}

std::string column_sql(const std::string& name) {
  return "t." + Session::quote_identifier(name);
}

std::string ValueSql::add(uint32_t type) {
  types_.push_back(type);
  return "$" + std::to_string(types_.size());
}

std::string ValueSql::add_values(const ColumnInfo& column) {
  return add(column.equality.empty() ? kTextArray : column.base_array_oid);
}

std::string ValueSql::add_value(const ColumnInfo& column) {
  return add(column.built_in && !column.equality.empty() ? column.base_oid : kText);
}

std::string ValueSql::equals_any(const ColumnInfo& column, const std::string& values) {
  return equals(column, "ANY (" + values + ")");
}

std::string ValueSql::equals(const ColumnInfo& column, const std::string& element) {
  if (column.equality.empty()) return place(column.name) + " = " + element;
  return as_base(column) + " " + column.equality + " " + element;
}

std::string ValueSql::page_order(const ColumnInfo& column) {
  return column.built_in && !column.equality.empty() ? as_base(column) : place(column.name);
}

std::string ValueSql::element_order(const ColumnInfo& column) {
  if (!column.collated) return column_sql(column.name);
  // Types that bring their own order may not be ordered by bytes in any collation.
  return column.built_in ? column_sql(column.name) + " COLLATE \"C\"" : place(column.name);
}

std::string ValueSql::place(const std::string& column) {
  return "(" + text_sql(column_sql(column)) + ") COLLATE \"C\"";
}

std::string ValueSql::same_type(const ColumnInfo& column) {
  if (column.equality.empty()) return "true";
  return is_array_of(column_sql(column.name),
                     "CASE WHEN false THEN " + add(column.array_oid) + " END");
}

Statement ValueSql::take(const std::string& sql) {
  Statement statement{sql + " --", std::move(types_)};
  types_.clear();
  for (uint32_t type : statement.types) statement.sql += " " + std::to_string(type);
  return statement;
}

}  // namespace syncline::postgres

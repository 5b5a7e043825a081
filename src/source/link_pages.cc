#include "source/link_pages.h"

namespace syncline {

namespace {

std::string quoted(const std::string& column) {
  return "t." + Session::quote_identifier(column);
}

// Types that bring their own order are ordered by their text: their comparison operators stand in a
// schema that is not on the session's search path.
bool is_built_in(const ColumnInfo& column) {
  return column.type->name.starts_with("pg_catalog.");
}

std::string order_of(const ColumnInfo& column) {
  return is_built_in(column) ? quoted(column.name) : quoted(column.name) + "::text COLLATE \"C\"";
}

std::string parameter_of(const ColumnInfo& column, int number) {
  const std::string text = "$" + std::to_string(number) + "::text";
  return is_built_in(column) ? text + "::" + column.type->name : text + " COLLATE \"C\"";
}

std::vector<Param> make_params(std::span<const std::string> values, size_t max) {
  return {Session::array_literal(values), std::to_string(max)};
}

}  // namespace

LinkPages::LinkPages(const TableInfo& table, const std::vector<std::string>& link,
                     const std::string& column)
    : link_size_(link.size()) {
  const ColumnInfo& compared = *table.column(column);
  std::string select, not_null, order, after;
  for (size_t i = 0; i < link.size(); ++i) {
    const ColumnInfo& part = *table.column(link[i]);
    const std::string comma = i == 0 ? "" : ", ";
    select += comma + quoted(part.name);
    not_null += " AND " + quoted(part.name) + " IS NOT NULL";
    order += comma + order_of(part);
    after += comma + parameter_of(part, static_cast<int>(i) + 3);
  }
  const std::string rows = "SELECT " + select + " FROM " + table.qualified_name + " t WHERE " +
                           quoted(column) + " " + compared.equality +
                           " ANY ($1::text[]::" + compared.type->name + "[])" + not_null;
  const std::string ordered = " ORDER BY " + order + " FETCH FIRST ($2::bigint) ROWS WITH TIES";
  some_sql_ = rows + " LIMIT $2::bigint";
  first_sql_ = rows + ordered;
  next_sql_ = rows + " AND (" + order + ") > (" + after + ")" + ordered;
}

Result<Rows> LinkPages::some(Session& session, std::span<const std::string> values,
                             size_t max) const {
  return session.query_patiently(some_sql_, make_params(values, max));
}

Result<Rows> LinkPages::page(Session& session, std::span<const std::string> values,
                             std::span<const std::string> after, size_t max) const {
  std::vector<Param> params = make_params(values, max);
  if (after.empty()) return session.query_patiently(first_sql_, params);
  for (const std::string& part : after) params.emplace_back(part);
  return session.query_patiently(next_sql_, params);
}

}  // namespace syncline

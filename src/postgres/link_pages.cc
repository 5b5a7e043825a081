#include "postgres/link_pages.h"

#include "postgres/value_sql.h"

namespace syncline::postgres {

namespace {

std::vector<Param> make_params(std::span<const std::string> values, size_t max) {
  return {Session::array_literal(values), std::to_string(max)};
}

enum class Pages { some, first, next };

Statement make_statement(const TableInfo& table, const std::vector<std::string>& link,
                         const ColumnInfo& compared, Pages pages) {
  ValueSql sql;
  const std::string values = sql.add_values(compared), limit = sql.add_plain();
  std::string select, not_null, order, after;
  for (size_t i = 0; i < link.size(); ++i) {
    const ColumnInfo& part = *table.column(link[i]);
    const std::string comma = i == 0 ? "" : ", ";
    select += comma + column_sql(part.name);
    not_null += " AND " + column_sql(part.name) + " IS NOT NULL";
    order += comma + ValueSql::page_order(part);
    if (pages == Pages::next) after += comma + sql.add_value(part);
  }
  std::string same = " AND " + sql.same_type(compared);
  for (const std::string& name : link) same += " AND " + sql.same_type(*table.column(name));
  const std::string rows = "SELECT " + select + " FROM " + table.qualified_name + " t WHERE " +
                           ValueSql::equals_any(compared, values) + not_null + same;
  if (pages == Pages::some) return sql.take(rows + " LIMIT " + limit + "::bigint");
  return sql.take(rows + (after.empty() ? "" : " AND (" + order + ") > (" + after + ")") +
                  " ORDER BY " + order + " FETCH FIRST (" + limit + "::bigint) ROWS WITH TIES");
}

}  // namespace

LinkPages::LinkPages(const TableInfo& table, const std::vector<std::string>& link,
                     const std::string& column)
    : link_size_(link.size()),
      some_(make_statement(table, link, *table.column(column), Pages::some)),
      first_(make_statement(table, link, *table.column(column), Pages::first)),
      next_(make_statement(table, link, *table.column(column), Pages::next)) {}

Result<Rows> LinkPages::some(Session& session, std::span<const std::string> values,
                             size_t max) const {
  return session.query_patiently(some_, make_params(values, max));
}

Result<Rows> LinkPages::page(Session& session, std::span<const std::string> values,
                             std::span<const std::string> after, size_t max) const {
  std::vector<Param> params = make_params(values, max);
  if (after.empty()) return session.query_patiently(first_, params);
  for (const std::string& part : after) params.emplace_back(part);
  return session.query_patiently(next_, params);
}

}  // namespace syncline::postgres

#include "source/table_queries.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "source/change_log.h"

namespace syncline {

namespace {

constexpr int64_t kCountedBytesMax = 8 << 20;  // counted in some ten milliseconds

// What the topmost node of a plan, as JSON, is expected to give.
int64_t planned_rows(const std::string& plan) {
  constexpr std::string_view kName = "\"Plan Rows\": ";
  const size_t found = plan.find(kName);
  int64_t rows = 0;
  if (found != std::string::npos)
    std::from_chars(plan.data() + found + kName.size(), plan.data() + plan.size(), rows);
  return rows;
}

std::string column_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ", ";
    list += "t." + Session::quote_identifier(name);
  }
  return list;
}

// The rows of the ids asked: one array parameter for each link column.
std::string from_keys(const TableInfo& table, const std::vector<std::string>& link) {
  if (link.size() == 1) {
    const ColumnInfo& column = *table.column(link.front());
    return " FROM " + table.qualified_name + " t WHERE t." +
           Session::quote_identifier(column.name) + " " + column.equality +
           " ANY ($1::text[]::" + column.type->name + "[])";
  }
  std::string arrays, names, on;
  for (size_t i = 0; i < link.size(); ++i) {
    const ColumnInfo& column = *table.column(link[i]);
    const std::string number = std::to_string(i + 1);
    if (i > 0) {
      arrays += ", ";
      names += ", ";
      on += " AND ";
    }
    arrays += "$" + number + "::text[]::" + column.type->name + "[]";
    names += "k" + number;
    on += "t." + Session::quote_identifier(column.name) + " " + column.equality + " k.k" + number;
  }
  return " FROM unnest(" + arrays + ") k(" + names + ") JOIN " + table.qualified_name + " t ON " +
         on;
}

// Text whose length is told without reading it, where it is too long for a key: no document's id is
// as long, and whoever compares with it is composed for its own sake.
std::string length_guard(const TableInfo& table, const std::vector<std::string>& link) {
  std::string guard;
  for (const std::string& name : link) {
    const std::string& type = table.column(name)->type->name;
    if (type == "pg_catalog.text" || type == "pg_catalog.varchar" || type == "pg_catalog.bpchar")
      guard += " AND octet_length(t." + Session::quote_identifier(name) +
               "::pg_catalog.text) <= " + std::to_string(ChangeCursor::kKeyBytesMax);
  }
  return guard;
}

// As its column orders, but text by bytes.
std::string order_of(const TableInfo& table, const std::string& name) {
  const ColumnInfo& column = *table.column(name);
  const std::string quoted = "t." + Session::quote_identifier(name);
  return column.collated ? quoted + "::text COLLATE \"C\"" : quoted;
}

std::string ordered_sql(const TableInfo& table, const std::vector<std::string>& link,
                        const std::string& select_list, const std::string& element_order) {
  std::string order = order_of(table, element_order) + " NULLS LAST";
  for (const std::string& name : table.winner_key) order += ", " + order_of(table, name);
  return "SELECT " + select_list + from_keys(table, link) + " ORDER BY " + order + " LIMIT $" +
         std::to_string(link.size() + 1) + "::bigint";
}

std::string highest_sql(const TableInfo& table, const std::vector<std::string>& link,
                        const std::string& select_list, bool by_value, int claims_max) {
  if (table.unique_on(link)) return "SELECT " + select_list + from_keys(table, link);
  if (table.winner_key.empty()) {
    // One array's cardinality bounds what a page can hold; the second row of an id is already an
    // error.
    return "SELECT " + select_list + from_keys(table, link) + " LIMIT cardinality($1::text[]) * " +
           std::to_string(claims_max);
  }
  // Else by the text: types such as citext hold values for equal that are different ids.
  std::string places, order;
  for (const std::string& name : link) {
    if (!places.empty()) places += ", ";
    places += "t." + Session::quote_identifier(name) + (by_value ? "" : "::text COLLATE \"C\"");
  }
  for (const std::string& name : table.winner_key)
    order += ", t." + Session::quote_identifier(name) + " DESC";
  return "SELECT DISTINCT ON (" + places + ") " + select_list + from_keys(table, link) +
         " ORDER BY " + places + order;
}

}  // namespace

TableQueries::TableQueries(const TableInfo& table, std::vector<std::string> link,
                           std::vector<std::string> columns, RowsOfPlace which,
                           const std::string& element_order)
    : link_(std::move(link)),
      columns_(std::move(columns)),
      select_list_(column_list(link_) + (columns_.empty() ? "" : ", ") + column_list(columns_)),
      link_list_(column_list(link_)),
      link_guard_(length_guard(table, link_)),
      count_sql_("SELECT count(*) FROM " + table.qualified_name),
      estimate_sql_("EXPLAIN (FORMAT JSON) SELECT FROM " + table.qualified_name),
      bounded_(which == RowsOfPlace::all),
      lookup_sql_(bounded_ ? ordered_sql(table, link_, select_list_, element_order)
                           : highest_sql(table, link_, select_list_,
                                         which == RowsOfPlace::highest_by_value, kClaimsMax)),
      exists_sql_("SELECT EXISTS (SELECT" + from_keys(table, link_) + ")") {}

std::vector<Param> TableQueries::params_of(Keys keys) const {
  std::vector<Param> params;
  std::vector<std::string> values(keys.size());
  for (size_t column = 0; column < link_.size(); ++column) {
    for (size_t i = 0; i < keys.size(); ++i) values[i] = keys[i][column];
    params.emplace_back(Session::array_literal(values));
  }
  // The rows of one place alone are read whatever their number.
  if (bounded_) params.push_back(keys.size() == 1 ? Param() : Param(std::to_string(kRowsMax + 1)));
  return params;
}

Status TableQueries::begin_read(Session& session, Keys keys) const {
  return keys.empty() ? Status() : session.begin_query(lookup_sql_, params_of(keys));
}

Result<TableQueries::Found> TableQueries::end_read(Session& session, Keys keys,
                                                   size_t bytes_max) const {
  Found found;
  if (!keys.empty()) SYNCLINE_RETURN_IF_ERROR(take_part(session, {keys, 0, bytes_max}, found));
  return found;
}

Status TableQueries::read_part(Session& session, const Part& part, Found& found) const {
  if (!found.complete) return {};
  SYNCLINE_RETURN_IF_ERROR(session.begin_query(lookup_sql_, params_of(part.keys)));
  return take_part(session, part, found);
}

Status TableQueries::take_part(Session& session, const Part& part, Found& found) const {
  auto rows = session.end_rows(part.bytes_max - std::min(part.bytes_max, found.bytes));
  if (rows.ok()) {
    found.bytes += rows->bytes;
    found.complete = rows->complete;
    for (Rows& some : rows->parts) found.parts.push_back(std::move(some));
    return {};
  }
  if (rows.error().action != Action::park) return std::move(rows).error();
  const Keys keys = part.keys;
  // Some text is not of the column's type, or some value cannot be given: halve until it stands
  // alone.
  if (keys.size() > 1) {
    const size_t half = keys.size() / 2;
    SYNCLINE_RETURN_IF_ERROR(
        read_part(session, {keys.first(half), part.first, part.bytes_max}, found));
    return read_part(session, {keys.subspan(half), part.first + half, part.bytes_max}, found);
  }
  // The same keys without the values tell the two apart. A row that cannot be read is there.
  std::vector<Param> params = params_of(keys);
  params.resize(link_.size());
  const auto exists = session.query(exists_sql_, params);
  if (!exists.ok() && exists.error().action != Action::park) return exists.error();
  if (exists.ok() && exists->boolean(0, 0))
    found.unreadable.push_back({part.first, rows.error().message});
  return {};
}

Result<int64_t> TableQueries::estimate_rows(Session& session, const TableInfo& table) const {
  std::string oids = "{";
  for (const LeafInfo& leaf : table.leaves)
    oids += (oids.size() > 1 ? "," : "") + std::to_string(leaf.oid);
  SYNCLINE_ASSIGN(
      const Rows size,
      session.query("SELECT sum(pg_relation_size(oid)) FROM unnest($1::oid[]) oid", {oids + "}"}));
  if (size.integer(0, 0) <= kCountedBytesMax) {
    SYNCLINE_ASSIGN(const Rows count, session.query(count_sql_));
    return count.integer(0, 0);
  }
  SYNCLINE_ASSIGN(const Rows plan, session.query(estimate_sql_));
  return planned_rows(plan.text(0, 0));
}

// By the places of rows, of which a block has at most one for each 28 bytes (PostgreSQL's
// MaxHeapTuplesPerPage): a range of them would be a scan of the whole table before version 14.
Result<Rows> TableQueries::read_links(Session& session, const LeafInfo& leaf, int64_t from_block,
                                      int64_t blocks) const {
  return session.query("SELECT " + link_list_ + leaf.rows_from +
                           " AND t.ctid = ANY (ARRAY(SELECT format('(%s,%s)', block, place)::tid"
                           " FROM generate_series($1::bigint, $2::bigint) block,"
                           " generate_series(1, current_setting('block_size')::int / 28) place))",
                       {std::to_string(from_block), std::to_string(from_block + blocks - 1)});
}

Result<int64_t> TableQueries::count_blocks(Session& session, const LeafInfo& leaf) {
  SYNCLINE_ASSIGN(
      const Rows rows,
      session.query("SELECT pg_relation_size($1::oid) / current_setting('block_size')::bigint",
                    {std::to_string(leaf.oid)}));
  return rows.integer(0, 0);
}

std::string TableQueries::copy_sql(const LeafInfo& leaf, int64_t from_block, int64_t to_block,
                                   bool link_only) const {
  std::string sql =
      "COPY (SELECT t.ctid, " + (link_only ? link_list_ : select_list_) + leaf.rows_from;
  // From the start a plain sequential scan, which spares the user's cache; a resumed one reads only
  // what is left.
  if (from_block > 0) sql += " AND t.ctid >= '(" + std::to_string(from_block) + ",0)'::tid";
  if (to_block > 0) sql += " AND t.ctid < '(" + std::to_string(to_block) + ",0)'::tid";
  if (link_only) sql += link_guard_;
  return sql + ") TO STDOUT";
}

}  // namespace syncline

#include "source/table_queries.h"

namespace syncline {

namespace {

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
      count_sql_("SELECT count(*) FROM " + table.qualified_name),
      bounded_(which == RowsOfPlace::all),
      lookup_sql_(bounded_ ? ordered_sql(table, link_, select_list_, element_order)
                           : highest_sql(table, link_, select_list_,
                                         which == RowsOfPlace::highest_by_value, kClaimsMax)) {}

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

Result<std::vector<Rows>> TableQueries::end_read(Session& session, Keys keys) const {
  std::vector<Rows> parts;
  if (!keys.empty()) SYNCLINE_RETURN_IF_ERROR(take_part(session, session.end_query(), keys, parts));
  return parts;
}

Status TableQueries::read_part(Session& session, Keys keys, std::vector<Rows>& parts) const {
  return take_part(session, session.query(lookup_sql_, params_of(keys)), keys, parts);
}

Status TableQueries::take_part(Session& session, Result<Rows> rows, Keys keys,
                               std::vector<Rows>& parts) const {
  // Without an index one scan of the table serves many keys as well as one: more time comes first,
  // and fewer keys then.
  if (!rows.ok() && rows.error().code == kQueryCanceled)
    rows = session.ask_again_patiently(lookup_sql_, params_of(keys));
  if (rows.ok()) {
    parts.push_back(std::move(rows).value());
    return {};
  }
  const bool slow = rows.error().code == kQueryCanceled;
  if (!slow && rows.error().action != Action::park) return std::move(rows).error();
  // Some text is not of the column's type: halve until it stands alone, and leave it out.
  if (keys.size() == 1) return slow ? Status(std::move(rows).error()) : Status();
  const size_t half = keys.size() / 2;
  SYNCLINE_RETURN_IF_ERROR(read_part(session, keys.first(half), parts));
  return read_part(session, keys.subspan(half), parts);
}

Result<int64_t> TableQueries::count_rows(Session& session) const {
  SYNCLINE_ASSIGN(const Rows rows, session.query_patiently(count_sql_, {}));
  return rows.integer(0, 0);
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

std::string TableQueries::copy_sql(const LeafInfo& leaf, int64_t from_block, bool link_only) const {
  std::string sql =
      "COPY (SELECT t.ctid, " + (link_only ? link_list_ : select_list_) + leaf.rows_from;
  // From the start a plain sequential scan, which spares the user's cache; a resumed one reads only
  // what is left.
  if (from_block > 0) sql += " AND t.ctid >= '(" + std::to_string(from_block) + ",0)'::tid";
  return sql + ") TO STDOUT";
}

}  // namespace syncline

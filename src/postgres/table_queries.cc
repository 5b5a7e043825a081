#include "postgres/table_queries.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "postgres/value_sql.h"

namespace syncline::postgres {

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
    list += column_sql(name);
  }
  return list;
}

// Text whose length is told without reading it, where it is too long for a key: no document's id is
// as long, and whoever compares with it is composed for its own sake.
std::string length_guard(const TableInfo& table, const std::vector<std::string>& link) {
  std::string guard;
  for (const std::string& name : link) {
    const ColumnInfo& column = *table.column(name);
    const std::string& type = column.type->name;
    if (type == "pg_catalog.text" || type == "pg_catalog.varchar" || type == "pg_catalog.bpchar")
      guard += " AND pg_catalog.octet_length(" + text_sql(column, "t") +
               ") <= " + std::to_string(TableQueries::kKeyBytesMax);
  }
  return guard;
}

// How a lookup finds its rows.
class Lookup {
 public:
  Lookup(const TableInfo& table, const std::vector<std::string>& link,
         const std::vector<std::string>& columns, RowsOfPlace which,
         const std::string& element_order)
      : table_(table),
        link_(link),
        columns_(columns),
        which_(which),
        element_order_(element_order) {}

  Statement make() {
    for (const std::string& name : link_) values_.push_back(sql_.add_values(*table_.column(name)));
    return sql_.take(which_ == RowsOfPlace::all ? ordered() : highest());
  }

  // Whether there is any such row, without a value of it.
  Statement make_exists() {
    for (const std::string& name : link_) values_.push_back(sql_.add_values(*table_.column(name)));
    return sql_.take("SELECT EXISTS (SELECT" + from_keys() + ")");
  }

 private:
  std::string select_list() const {
    return column_list(link_) + (columns_.empty() ? "" : ", ") + column_list(columns_);
  }

  // The rows of the keys asked, each once: of several columns, where two keys are equal to one row,
  // it is joined to both.
  std::string from_keys() {
    std::string same;
    for (const std::string& name : link_) same += " AND " + sql_.same_type(*table_.column(name));
    if (link_.size() == 1) {
      return " FROM " + table_.qualified_name + " t WHERE " +
             ValueSql::equals_any(*table_.column(link_.front()), values_.front()) + same;
    }
    std::string arrays, names, on;
    for (size_t i = 0; i < link_.size(); ++i) {
      const std::string name = "k" + std::to_string(i + 1);
      arrays += (i == 0 ? "" : ", ") + values_[i];
      names += (i == 0 ? "" : ", ") + name;
      on += (i == 0 ? "" : " AND ") + ValueSql::equals(*table_.column(link_[i]), "k." + name);
    }
    return " FROM (SELECT DISTINCT ON (t.tableoid, t.ctid) " + needed_columns() + " FROM unnest(" +
           arrays + ") k(" + names + ") JOIN " + table_.qualified_name + " t ON " + on + same +
           ") t";
  }

  std::string needed_columns() const {
    std::vector<std::string> needed;
    const auto add = [&](const std::string& name) {
      if (std::find(needed.begin(), needed.end(), name) == needed.end()) needed.push_back(name);
    };
    for (const auto* names : {&link_, &columns_, &table_.winner_key})
      std::for_each(names->begin(), names->end(), add);
    if (!element_order_.empty()) add(element_order_);
    return column_list(needed);
  }

  std::string ordered() {
    const std::string limit = sql_.add_plain();
    std::string order = ValueSql::element_order(*table_.column(element_order_)) + " NULLS LAST";
    for (const std::string& name : table_.winner_key)
      order += ", " + ValueSql::element_order(*table_.column(name));
    return "SELECT " + select_list() + from_keys() + " ORDER BY " + order + " LIMIT " + limit +
           "::bigint";
  }

  // One array's cardinality bounds what a page can hold; the second row of a place is already an
  // error.
  std::string claims() const {
    return " LIMIT cardinality(" + values_.front() + ") * " +
           std::to_string(TableQueries::kClaimsMax);
  }

  std::string highest() {
    if (table_.unique_on(link_)) return "SELECT " + select_list() + from_keys();
    if (table_.winner_key.empty()) return "SELECT " + select_list() + from_keys() + claims();
    // Else by the text: types such as citext hold values for equal that are different ids.
    std::string places, order;
    for (const std::string& name : link_) {
      places +=
          (places.empty() ? "" : ", ") +
          (which_ == RowsOfPlace::highest_by_value ? column_sql(name) : ValueSql::place(name));
    }
    for (const std::string& name : table_.winner_key)
      order += (order.empty() ? "" : ", ") + column_sql(name) + " DESC";
    if (table_.winner_key_nullable) return all_of_highest(places, order);
    return "SELECT DISTINCT ON (" + places + ") " + select_list() + from_keys() + " ORDER BY " +
           places + ", " + order;
  }

  // Those with a NULL in their key may share the highest one.
  std::string all_of_highest(const std::string& places, const std::string& order) {
    std::string inner, outer;
    for (size_t i = 0; i < link_.size() + columns_.size(); ++i) {
      const std::string& name = i < link_.size() ? link_[i] : columns_[i - link_.size()];
      const std::string comma = i == 0 ? "" : ", ";
      outer += comma + "c" + std::to_string(i);
      inner += comma + column_sql(name) + " AS c" + std::to_string(i);
    }
    return "SELECT " + outer + " FROM (SELECT " + inner + ", rank() OVER (PARTITION BY " + places +
           " ORDER BY " + order + ") AS claim" + from_keys() + ") c WHERE claim = 1" + claims();
  }

  const TableInfo& table_;
  const std::vector<std::string>&link_, &columns_;
  const RowsOfPlace which_;
  const std::string& element_order_;
  ValueSql sql_;
  std::vector<std::string> values_;  // the places of the keys' parameters
};

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
      lookup_(Lookup(table, link_, columns_, which, element_order).make()),
      exists_(Lookup(table, link_, columns_, which, element_order).make_exists()) {}

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
  return keys.empty() ? Status() : session.begin_query(lookup_, params_of(keys));
}

Result<TableQueries::Found> TableQueries::end_read(Session& session, Keys keys,
                                                   size_t bytes_max) const {
  Found found;
  if (!keys.empty()) SYNCLINE_RETURN_IF_ERROR(take_part(session, {keys, 0, bytes_max}, found));
  return found;
}

Status TableQueries::read_part(Session& session, const Part& part, Found& found) const {
  if (!found.complete) return {};
  SYNCLINE_RETURN_IF_ERROR(session.begin_query(lookup_, params_of(part.keys)));
  return take_part(session, part, found);
}

Status TableQueries::take_part(Session& session, const Part& part, Found& found) const {
  const size_t bytes_left = part.bytes_max - std::min(part.bytes_max, found.bytes);
  auto rows = session.end_rows(bytes_left);
  // Without an index one scan of the table serves many keys as well as one: more time comes first,
  // and fewer keys then.
  if (!rows.ok() && rows.error().code == kQueryCanceled)
    rows = session.rows_patiently(lookup_, params_of(part.keys), bytes_left);
  if (rows.ok()) {
    found.bytes += rows->bytes;
    found.complete = rows->complete;
    for (Rows& some : rows->parts) found.parts.push_back(std::move(some));
    return {};
  }
  const bool slow = rows.error().code == kQueryCanceled;
  if (!slow && rows.error().action != Action::park) return std::move(rows).error();
  const Keys keys = part.keys;
  // Some text is not of the column's type, or some value cannot be given: halve until it stands
  // alone.
  if (keys.size() > 1) {
    const size_t half = keys.size() / 2;
    SYNCLINE_RETURN_IF_ERROR(
        read_part(session, {keys.first(half), part.first, part.bytes_max}, found));
    return read_part(session, {keys.subspan(half), part.first + half, part.bytes_max}, found);
  }
  if (slow) return std::move(rows).error();
  // The same keys without the values tell the two apart. A row that cannot be read is there.
  std::vector<Param> params = params_of(keys);
  params.resize(link_.size());
  const auto exists = session.query(exists_, params);
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

}  // namespace syncline::postgres

#include "capture/fingerprint.h"

#include <algorithm>
#include <charconv>

#include "embedded_sql.h"

namespace syncline::capture {

namespace {

constexpr size_t kFilesPart = 4;
constexpr size_t kRelationsPart = 5;
constexpr size_t kCapturePart = 8;

std::string replaced(std::string text, std::string_view name, std::string_view value) {
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    text.replace(at, name.size(), value);
    at += value.size();
  }
  return text;
}

std::string state_sql(const std::string& schema, const std::string& input) {
  const std::string schema_oid =
      "to_regnamespace(" + postgres::Session::quote_literal(schema) + ")";
  std::string sql = replaced(std::string(embedded::table_state), "{{schema_oid}}", schema_oid);
  sql = replaced(std::move(sql), "{{temp_file_limits}}", embedded::temp_file_limits);
  return replaced(std::move(sql), "{{input}}", input);
}

std::string compare_sql(const std::string& schema, const std::string& state) {
  return replaced(replaced(std::string(embedded::table_compare), "{{state}}", state), "{{schema}}",
                  schema);
}

// A state that was read: $1 watch, then its parts.
constexpr const char* kGivenState =
    "SELECT $1::int AS watch, $2 AS root, $3 AS kind, $4 AS content, $5 AS attributes, $6 AS files,"
    " $7 AS relations, $8 AS shape, $9 AS access, $10 AS capture";

std::vector<uint32_t> oids_of(std::string_view literal) {
  std::vector<uint32_t> oids;
  for (size_t begin = 1; begin + 1 < literal.size();) {
    const size_t end = std::min(literal.find(',', begin), literal.size() - 1);
    uint32_t oid = 0;
    std::from_chars(literal.data() + begin, literal.data() + end, oid);
    oids.push_back(oid);
    begin = end + 1;
  }
  return oids;
}

std::string columns_literal(const std::set<std::string>& columns) {
  return postgres::Session::array_literal(std::vector<std::string>(columns.begin(), columns.end()));
}

TableState state_of(const postgres::Rows& rows, int row) {
  TableState state;
  for (size_t i = 0; i < state.parts.size(); ++i)
    state.parts[i] = rows.text(row, static_cast<int>(i) + 1);
  return state;
}

}  // namespace

bool TableState::same_table(const TableState& other) const {
  for (size_t i = 0; i < kCapturePart; ++i) {
    if (i != kFilesPart && parts[i] != other.parts[i]) return false;
  }
  return true;
}

bool TableState::has_other_file(uint32_t oid) const {
  const std::string text = std::to_string(oid);
  return parts[kFilesPart].find('"' + text + ' ' + text + '"') == std::string::npos;
}

std::vector<uint32_t> TableState::relations() const {
  return oids_of(parts[kRelationsPart]);
}

Fingerprints::Fingerprints(std::string schema)
    : schema_(std::move(schema)),
      read_sql_(state_sql(schema_,
                          "SELECT $1::int, $2::name, $3::name, $4::text[] UNION ALL"
                          " SELECT 0, $2, $3, $5::text[] WHERE $5 IS NOT NULL")),
      compare_sql_(compare_sql(
          schema_, state_sql(schema_, "SELECT watch, table_schema, table_name, columns FROM " +
                                          schema_ + ".fingerprint"))),
      compare_one_sql_(compare_sql(schema_, kGivenState)) {}

Result<TableState> Fingerprints::read(postgres::Session& session, const TableColumns& table) const {
  SYNCLINE_ASSIGN(auto states, read(session, 0, table.schema, table.table,
                                    columns_literal(table.columns), std::nullopt));
  return std::move(states.watched);
}

Result<Fingerprints::TwoStates> Fingerprints::read(postgres::Session& session, int watch,
                                                   const TableColumns& table,
                                                   const std::set<std::string>& described) const {
  return read(session, watch, table.schema, table.table, columns_literal(table.columns),
              columns_literal(described));
}

// One statement for all: to plan it takes as long as to run it ten times.
Result<Fingerprints::TwoStates> Fingerprints::read(postgres::Session& session, int watch,
                                                   const std::string& schema,
                                                   const std::string& table,
                                                   const std::string& columns,
                                                   const postgres::Param& described) const {
  const postgres::Session::PlannedOnce planned(session);
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query(read_sql_, {std::to_string(watch), schema, table, columns, described}));
  TwoStates states;
  for (int i = 0; i < rows.size(); ++i)
    (rows.integer(i, 0) == watch ? states.watched : states.described) = state_of(rows, i);
  return states;
}

Result<std::vector<Fingerprints::Difference>> Fingerprints::compare(
    postgres::Session& session) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows, session.query(compare_sql_));
  std::vector<Difference> differences;
  for (int i = 0; i < rows.size(); ++i) {
    if (rows.text(i, 1) != "adopt") {
      differences.push_back({static_cast<int>(rows.integer(i, 0)), rows.text(i, 1) == "lost",
                             rows.text(i, 2), rows.text(i, 3)});
      continue;
    }
    SYNCLINE_ASSIGN([[maybe_unused]] const postgres::Rows stored,
                    session.query("UPDATE " + schema_ +
                                      ".fingerprint SET attributes = $2, files = $3"
                                      " WHERE watch = $1::int",
                                  {rows.text(i, 0), rows.text(i, 4), rows.text(i, 5)}));
  }
  return differences;
}

Result<std::optional<Fingerprints::Difference>> Fingerprints::compare(postgres::Session& session,
                                                                      int watch) const {
  SYNCLINE_ASSIGN(const postgres::Rows stored,
                  session.query("SELECT table_schema, table_name, columns FROM " + schema_ +
                                    ".fingerprint WHERE watch = $1::int",
                                {std::to_string(watch)}));
  if (stored.empty()) return std::optional<Difference>();
  SYNCLINE_ASSIGN(const TwoStates states, read(session, watch, stored.text(0, 0), stored.text(0, 1),
                                               stored.text(0, 2), std::nullopt));
  std::vector<postgres::Param> params = {std::to_string(watch)};
  params.insert(params.end(), states.watched.parts.begin(), states.watched.parts.end());
  SYNCLINE_ASSIGN(const postgres::Rows rows, session.query(compare_one_sql_, params));
  if (rows.empty() || rows.text(0, 1) == "adopt") return std::optional<Difference>();
  return std::optional<Difference>(
      {watch, rows.text(0, 1) == "lost", rows.text(0, 2), rows.text(0, 3)});
}

Result<std::optional<std::vector<uint32_t>>> Fingerprints::stored_relations(
    postgres::Session& session, int watch) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows, session.query("SELECT relations FROM " + schema_ +
                                                               ".fingerprint WHERE watch = $1::int",
                                                           {std::to_string(watch)}));
  if (rows.empty()) return std::optional<std::vector<uint32_t>>();
  return std::optional(oids_of(rows.text(0, 0)));
}

Status Fingerprints::store_capture(postgres::Session& session, int watch,
                                   const TableState& state) const {
  SYNCLINE_ASSIGN(
      [[maybe_unused]] const postgres::Rows stored,
      session.query("UPDATE " + schema_ + ".fingerprint SET capture = $2 WHERE watch = $1::int",
                    {std::to_string(watch), state.parts[kCapturePart]}));
  return {};
}

Status Fingerprints::store(postgres::Session& session, int watch, const TableColumns& table,
                           const TableState& state) const {
  std::vector<postgres::Param> params = {std::to_string(watch), table.schema, table.table,
                                         columns_literal(table.columns)};
  params.insert(params.end(), state.parts.begin(), state.parts.end());
  SYNCLINE_ASSIGN([[maybe_unused]] const postgres::Rows stored,
                  session.query("INSERT INTO " + schema_ +
                                    ".fingerprint VALUES ($1::int, $2::name, $3::name, $4::text[],"
                                    " $5, $6, $7, $8, $9, $10, $11, $12, $13)"
                                    " ON CONFLICT (watch) DO UPDATE SET table_schema ="
                                    " EXCLUDED.table_schema, table_name = EXCLUDED.table_name,"
                                    " columns = EXCLUDED.columns, root = EXCLUDED.root,"
                                    " kind = EXCLUDED.kind, content = EXCLUDED.content,"
                                    " attributes = EXCLUDED.attributes, files = EXCLUDED.files,"
                                    " relations = EXCLUDED.relations, shape = EXCLUDED.shape,"
                                    " access = EXCLUDED.access, capture = EXCLUDED.capture",
                                params));
  return {};
}

}  // namespace syncline::capture

// Fingerprints: notices what no trigger sees: tables dropped, altered, rewritten or put in place of
// one another, partitions, disabled triggers, renamed labels.
//
// Owner: Source; stateless, any thread with a session of its own. For each watch the capture schema
// stores what the catalog said when its capture was last in order; one query compares all of them
// with the catalog (sql/table_state.sql, sql/table_compare.sql).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "postgres/session.h"

namespace syncline::capture {

// A table by its name, and the columns of it that matter.
struct TableColumns {
  std::string schema, table;
  std::set<std::string> columns;
};

// What the catalog says of a table at one moment, in parts that compare as text.
struct TableState {
  // root, kind, content, attributes, files, relations, shape, access, capture
  std::array<std::string, 9> parts;

  // The same apart from what we install ourselves, and from the files: whoever empties or packs the
  // table alters nothing.
  bool same_table(const TableState& other) const;
  // Whether a relation has another file than it was made with: it may have been emptied.
  bool has_other_file(uint32_t oid) const;
  // The oids of the table, its partitions and children.
  std::vector<uint32_t> relations() const;
};

class Fingerprints {
 public:
  explicit Fingerprints(std::string quoted_schema);

  // Without triggers of ours.
  Result<TableState> read(postgres::Session& session, const TableColumns& table) const;
  struct TwoStates {
    TableState watched, described;
  };
  // Of a watch, and of its table as a member describes it, in one snapshot.
  Result<TwoStates> read(postgres::Session& session, int watch, const TableColumns& table,
                         const std::set<std::string>& described_columns) const;

  struct Difference {
    int watch = 0;
    bool rows_lost = false;  // rows may have changed without a key in the log: load again
    std::string what;
    std::string digest;  // of the state found
  };
  // What differs from what is stored, of all watches. Values that matter to nobody (a default, a
  // table packed by VACUUM FULL) are stored anew on the way.
  Result<std::vector<Difference>> compare(postgres::Session& session) const;
  // The same of one watch; nothing is stored.
  Result<std::optional<Difference>> compare(postgres::Session& session, int watch) const;

  // The relations stored for a watch; nothing if it has no fingerprint yet.
  Result<std::optional<std::vector<uint32_t>>> stored_relations(postgres::Session& session,
                                                                int watch) const;
  Status store(postgres::Session& session, int watch, const TableColumns& table,
               const TableState& state) const;
  // Of a state only what is installed, where there is a fingerprint.
  Status store_capture(postgres::Session& session, int watch, const TableState& state) const;

 private:
  // columns, described: array literals; the latter none for a state alone.
  Result<TwoStates> read(postgres::Session& session, int watch, const std::string& schema,
                         const std::string& table, const std::string& columns,
                         const postgres::Param& described) const;

  const std::string schema_;
  const std::string read_sql_, compare_sql_, compare_one_sql_;
};

}  // namespace syncline::capture

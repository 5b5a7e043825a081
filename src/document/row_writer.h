// RowWriter: one row of a job as the members of a JSON object.
//
// Owner: a composer or a loader; immutable after construction, any thread. The inner loop of
// loading: no allocation but the output's growth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/pg_type.h"

namespace syncline::document {

struct OutputField {
  std::string alias;
  PgTypePtr type;
  size_t column = 0;           // index into the row's values
  uint64_t overridden_by = 0;  // bit n: the plan's n-th index job gives the same alias and wins if
                               // it has a row
};

class RowWriter {
 public:
  explicit RowWriter(std::vector<OutputField> fields);

  // Appends `"alias":value,` for every field not overridden by one of the jobs present; with a
  // trailing comma, so that several rows can be merged into one object: the caller replaces the
  // last comma by '}'. values must have every column that a field names.
  void append_members(std::span<const std::optional<std::string_view>> values, uint64_t present,
                      std::string& out) const;

  // About how many bytes append_members() appends, and hardly ever fewer than it does. Reads every
  // byte: for large rows.
  size_t size_bound(std::span<const std::optional<std::string_view>> values) const;

 private:
  struct Member {
    std::string prefix;  // `"alias":`
    PgTypePtr type;
    size_t column;
    uint64_t overridden_by;
  };
  std::vector<Member> members_;
};

}  // namespace syncline::document

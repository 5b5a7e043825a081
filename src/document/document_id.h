// DocumentIdCodec: between the values of a job's id columns and a document's _id.
//
// One value is the id itself; several are joined with '_', with '%' and '_' inside a value written
// %25 and %5F. Immutable, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/pg_type.h"

namespace syncline::document {

class DocumentIdCodec {
 public:
  explicit DocumentIdCodec(std::vector<PgTypePtr> types);

  // Nothing if one value is NULL or has no text. values: as many as types.
  std::optional<std::string> encode(std::span<const std::optional<std::string_view>> values) const;

  // The PostgreSQL text of each column for which encode() could give this id, or nothing if no
  // value can: a wrong number of parts, or a part that is not the canonical text of the column's
  // type (so that '007' never finds row 7 and 'abc' never reaches an integer column's cast). Never
  // text on which PostgreSQL's cast to the type would fail, for numbers, boolean, uuid, dates,
  // timestamps, bytea and text; for the rest any text passes that PostgreSQL can hold.
  std::optional<std::vector<std::string>> decode(std::string_view id) const;

  // Types that can stand in an id: scalars that can be compared. Arrays, json, ranges, composites,
  // hstore, geometric types and xml cannot.
  static bool supports(const PgType& type);

  // The parts of a key in the change log: one column's text as it is; several as an array literal
  // of text ({a,"b c",NULL}). Nothing when any part is NULL, or there are not as many.
  static std::optional<std::vector<std::string>> split_key(std::string_view key, size_t parts);

 private:
  std::vector<PgTypePtr> types_;
};

}  // namespace syncline::document

// PgType: what the JSON writer must know of a column's PostgreSQL type to read its text form.
//
// Made by postgres (from the catalog), used by document (rendering). Immutable after construction,
// shared freely.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace syncline {

struct PgType {
  enum class Kind {
    number,  // smallint, integer, bigint, real, double, numeric
    boolean,
    text,  // text, varchar, citext, name, enum, uuid, xml, inet, cidr, macaddr, time, interval,
           // anything else
    padded_text,  // char(n): padding is cut
    date,
    timestamp,
    timestamptz,
    json,  // json, jsonb
    bytea,
    array,  // element
    range,  // element is the subtype
    point,
    hstore,
    composite,  // fields
  };
  struct Field {
    std::string name;
    std::shared_ptr<const PgType> type;
  };

  Kind kind = Kind::text;
  std::string name;      // base type's quoted, qualified SQL name (domains resolved)
  char delimiter = ',';  // of an array's elements
  std::shared_ptr<const PgType> element;  // array, range
  std::vector<Field> fields;              // composite, in attribute order
};

using PgTypePtr = std::shared_ptr<const PgType>;

}  // namespace syncline

// Catalog: what PostgreSQL's catalog says of one table, as far as capture, loading and lookups need
// it.
//
// Plain data plus one function that reads it; nothing is cached here. Any thread with a session of
// its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/pg_type.h"
#include "postgres/automatic_field.h"
#include "postgres/session.h"

namespace syncline::postgres {

struct ColumnInfo {
  std::string name;
  PgTypePtr type;
  // OPERATOR(schema.=) by which values are looked up: of the default btree operators of its base
  // type, which only superusers can make. Empty: by the text alone, since another function could be
  // found.
  std::string equality;
  bool built_in = false;              // its base type is one of PostgreSQL's own
  bool domain = false;                // its type is a domain over that
  uint32_t array_oid = 0;             // of arrays of its type
  uint32_t base_oid = 0;              // of its base type
  uint32_t base_array_oid = 0;        // of arrays of that
  bool collated = false;              // its order depends on a collation
  bool text_needs_settings = false;   // its text depends on session settings such as DateStyle
  bool is_virtual = false;            // generated when it is read: triggers see NULL
  bool has_chunk_id = false;          // where a large value lies, the server tells (17 and newer)
  std::vector<std::string> computed;  // virtual: the columns that its expression reads
  AutomaticField field;               // what fits it in the index when the user named nothing
};

// A relation with storage of its own: the table itself, its leaf partitions, its inheritance
// children.
struct LeafInfo {
  uint32_t oid = 0;
  std::string qualified_name;  // quoted
  // FROM … WHERE …, which gives its rows as t, and conditions may follow: by itself, or through the
  // table where our role may not read it by itself.
  std::string rows_from;
  bool by_itself = true;
  int64_t blocks = 0;
  double rows_estimate = -1;  // below 0: never analyzed
};

// Of pg_inherits i, whether the child still belongs to its parent for a query of that: not one
// whose detaching is pending. PostgreSQL 13 knows no such column.
inline constexpr const char* kIsNotLeaving =
    "to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true'";

struct TableInfo {
  uint32_t oid = 0;
  std::string qualified_name;  // quoted
  bool plain =
      true;  // not partitioned, no partition, no inheritance: statement triggers see every write
  std::vector<ColumnInfo> columns;
  std::vector<std::vector<std::string>>
      unique_keys;  // columns of each unique index over plain columns
  // Primary key, else a unique key, of NOT NULL columns if there is one, else empty.
  std::vector<std::string> winner_key;
  bool winner_key_nullable = false;  // rows with a NULL in it may have the same one
  std::vector<LeafInfo> leaves;      // ordered by oid
  std::vector<std::string> indexed;  // columns that lead an index over whole rows

  bool is_indexed(const std::string& column) const;

  const ColumnInfo* column(std::string_view name) const;
  // No two rows share the values of these columns (NULLs aside).
  bool unique_on(const std::vector<std::string>& names) const;
};

// Errors: needs_person with what to do (no such table, not a table); retry. Privileges were looked
// at before.
Result<TableInfo> describe_table(Session& session, const std::string& schema,
                                 const std::string& table);

}  // namespace syncline::postgres

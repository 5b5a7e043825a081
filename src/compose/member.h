// Member: one job of a plan, resolved against its table as it is now: what to read, how to write
// it, where it stands.
//
// Owner: PlanRunner; made anew whenever the plan starts. resolve_member() reads the catalog, the
// members of a plan together make its shape (shape.h); from then on everything but `record` is
// constant, and that belongs to the plan's thread (record.load to the loader while it runs).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/plan_records.h"
#include "capture/source.h"
#include "compose/job_form.h"
#include "document/document_id.h"
#include "index/index_admin.h"
#include "model/spec.h"
#include "postgres/table_queries.h"

namespace syncline::compose {

struct Member {
  JobConfig config;
  std::shared_ptr<capture::Source> source;
  JobForm form;

  // What the catalog said just before the table was described, and the source's count of looks.
  capture::TableState table_state;
  int generation = 0;
  postgres::TableInfo table;
  std::vector<Mapping> mappings;     // of the job, or made from its columns; written ones alone
  std::vector<std::string> link;     // columns of the id; if found by a value, the compare column
  std::vector<std::string> columns;  // columns mapped, each once
  std::vector<PgTypePtr> link_types;
  std::optional<postgres::TableQueries> queries;
  std::optional<document::DocumentIdCodec> codec;  // none if found by a value
  std::vector<index::FieldMapping> fields;         // for the index
  std::string definition;  // a digest of all that makes a difference to its documents

  capture::MemberRecord record;

  const std::string& name() const { return config.spec.name; }
  // Each of its rows makes a document; of other members rows only add to documents.
  bool defines_documents() const { return form.defines_documents; }
  // Its rows touch the documents that hold a value; of other members the one of their id.
  bool is_found_by_value() const { return form.found_by == FoundBy::value; }
  // It gives documents something even where it has no row: an empty array.
  bool is_written_without_rows() const { return form.place == Place::array; }
  // No two rows have one link, so that a row read is all that there is for it.
  bool unique() const { return table.unique_on(link); }

  // A key is what rows are looked up by: a document's id, or a compare key of a value.
  // The key of a row's link values; nothing if the row has none.
  std::optional<std::string> key_of(
      std::span<const std::optional<std::string_view>> link_values) const;
  // The same of a key as the change log holds it.
  std::optional<std::string> key_of_logged(std::string_view logged) const;
  // The text of each link column for which key_of() could give this key.
  std::optional<std::vector<std::string>> link_of(std::string_view key) const;
  // The place of a mapped field in a row's values, or nothing if the member does not write it.
  std::optional<size_t> value_of_field(const std::string& alias) const;
  const PgTypePtr& type_of_value(size_t value) const;
};

using Members = std::vector<std::unique_ptr<Member>>;

// What the job and the table, both set, say of the member, up to `codec`. Error: needs_person.
Status describe_member(Member& member);

// Describes the table and fills in everything up to `definition`. Error: needs_person with what to
// do, retry.
Result<std::unique_ptr<Member>> resolve_member(const JobConfig& config,
                                               std::shared_ptr<capture::Source> source,
                                               postgres::Session& session);

// The table of a job by its name, and the columns it reads.
capture::TableColumns member_columns(const JobSpec& spec);

// Jobs on the same table with the same link share one watch, which reads the columns of all of
// them.
capture::WatchRequest watch_request(const Member& member, const Configuration& configuration);

}  // namespace syncline::compose

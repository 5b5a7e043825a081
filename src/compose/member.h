// Member: one job of a plan, resolved against its table as it is now: what to read, how to write
// it, where it stands.
//
// Owner: PlanRunner; made anew whenever the plan starts. resolve_member() reads the catalog,
// connect_members() knits the members of a plan together; afterwards everything but `record` is
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
#include "document/document_id.h"
#include "document/row_writer.h"
#include "index/index_admin.h"
#include "model/spec.h"
#include "postgres/link_pages.h"
#include "postgres/table_queries.h"

namespace syncline::compose {

// Which member gives the field that a property job compares with.
struct Provider {
  size_t member = 0;  // its place in the plan: an index, object or property job
  size_t value = 0;   // the field's place in a row of that member
  PgTypePtr type;
  postgres::LinkPages pages;  // from a value of the field to that member's links
};

struct Member {
  JobConfig config;
  std::shared_ptr<capture::Source> source;
  size_t place = 0;  // in the plan, in the order of names
  size_t bit = 0;    // index jobs: their place among the plan's index jobs

  // What the catalog said just before the table was described, and the source's count of looks.
  capture::TableState table_state;
  int generation = 0;
  postgres::TableInfo table;
  std::vector<Mapping> mappings;     // of the job, or made from its columns; written ones alone
  std::vector<std::string> link;     // columns of the id; of a property, the compare column
  std::vector<std::string> columns;  // columns mapped, each once
  std::vector<PgTypePtr> link_types;
  std::optional<postgres::TableQueries> queries;
  std::optional<document::DocumentIdCodec> codec;  // none of a property
  std::optional<document::RowWriter> writer;       // set by connect_members()
  std::string opening;                             // object, nested: `"name":`
  std::vector<index::FieldMapping> fields;         // for the index
  std::string definition;  // a digest of all that makes a difference to its documents

  std::vector<Provider> providers;  // property; none: the documents' owner may give the field
  size_t depth = 0;                 // property: composed after those of a lower depth

  capture::MemberRecord record;

  const std::string& name() const { return config.spec.name; }
  JobType type() const { return config.spec.type; }
  bool is(JobType type) const { return config.spec.type == type; }
  // No two rows have one link, so that a row read is all that there is for it.
  bool unique() const { return table.unique_on(link); }

  // A key is what rows are looked up by: a document's id, or a compare key for a property.
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

// Sets places, writers (where two index jobs give one field, the job whose name sorts last wins)
// and who gives the fields that properties compare with. Precondition: at most 64 index jobs,
// ordered by name. Error: needs_person, blaming the job at fault.
Status connect_members(Members& members);

// The property jobs through which a change of this one goes on its way to documents: itself first,
// then those whose fields it compares with. Of other kinds none.
std::vector<std::string> fan_out_jobs(const Member& member, const Members& members);

// Sentences about database indexes that lookups of this member would need, with the statement that
// makes them.
std::vector<std::string> missing_indexes(const Member& member, const Members& members);

}  // namespace syncline::compose

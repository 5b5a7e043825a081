// Member: one job of a plan, resolved against its table as it is now: what to read, how to write
// it, where it stands.
//
// Owner: PlanRunner; made anew whenever the plan starts. resolve() reads the catalog; afterwards
// everything but `record`, `cursor` and `subscription` is constant, and those belong to the plan's
// thread (record.load to the loader while it runs).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/document_id.h"
#include "document/row_writer.h"
#include "model/spec.h"
#include "source/change_log.h"
#include "source/source.h"
#include "source/table_queries.h"
#include "target/index_admin.h"

namespace syncline {

struct Member {
  JobConfig config;
  std::shared_ptr<Source> source;
  size_t bit = 0;  // its place among the plan's index jobs, in the order of their names

  TableInfo table;
  std::vector<Mapping> mappings;     // of the job, or made from its columns
  std::vector<std::string> link;     // columns of the id
  std::vector<std::string> columns;  // columns mapped, each once
  std::vector<PgTypePtr> link_types;
  std::optional<TableQueries> queries;
  std::optional<DocumentIdCodec> codec;
  std::optional<RowWriter> writer;   // set by Plan once all members are known
  std::vector<FieldMapping> fields;  // for the index
  std::string definition;            // a digest of all that makes a difference to its documents

  MemberRecord record;
  std::optional<ChangeCursor> cursor;
  int subscription = 0;

  const std::string& name() const { return config.spec.name; }
  // No two rows have one id, so that a row read is a document's share.
  bool unique() const { return table.unique_on(link); }
};

// Describes the table and fills in everything up to `definition`. Error: pause_job with what to do,
// retry.
Result<std::unique_ptr<Member>> resolve_member(const JobConfig& config,
                                               std::shared_ptr<Source> source, Session& session);

// Sets the writers of members that feed one index: where two give one field, the job whose name
// sorts last wins. Precondition: at most 64 members, ordered by name.
void make_writers(std::vector<std::unique_ptr<Member>>& members);

// Installs the watch, reads or starts the member's record, and says whether its table has to be
// loaded (again). A start over takes the position now, after every writer that may have run without
// our triggers is over. Calls are serialised by the source's admin mutex. resync: the request that
// a start over fulfils.
struct StartOptions {
  std::string plan;
  std::string index_uuid;
  const Configuration* configuration =
      nullptr;  // all jobs: those that share the watch widen what it reads
  int64_t now_us = 0;
};
Status start_member(Member& member, Session& session, const StartOptions& options,
                    const StopSignal& stop);

}  // namespace syncline

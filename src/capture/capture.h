// Capture: what Syncline installs in a source's database, and its removal.
//
// Owner: Source. Every call uses a session of the caller's; installing and removing are serialised
// by Source. The SQL itself stands in sql/*.sql. Everything is idempotent: a call that was cut by a
// crash is simply made again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "model/spec.h"
#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::capture {

// What is to be watched: the link columns make the key, an UPDATE that leaves all read columns
// alone logs nothing. Beside one that is generated when it is read stand those that it is made of.
struct WatchRequest {
  std::vector<std::string> link;
  std::set<std::string> read_columns;
};

struct InstalledWatch {
  int id = 0;
  // What is in place loses nothing, but something better has to wait until the table is free.
  bool unfinished = false;
  // What passes it by, and what else a status should say of it.
  std::vector<std::string> warnings;
};

struct WatchedRelation {
  uint32_t oid = 0;
  std::string qualified_name;  // quoted
  char kind = 'r';             // as in pg_class
  bool owned = false;          // by our role: its triggers fire ALWAYS
  bool may_trigger = false;    // our role may put triggers on it
};

// A table with its partitions and children, the table first, and what decides which triggers see
// every write.
struct WatchedRelations {
  std::vector<WatchedRelation> relations;
  std::vector<uint32_t> leaving;  // partitions whose detaching is pending
  bool subscriber = false;        // a subscription fills one of them
  bool related = false;           // partitioned, a partition, with inheritance parents or children
  std::string temp_file_limits;   // whose statements have one, which transition tables may exceed

  // Statement triggers see every write, and fail none.
  bool plain() const;
  // Row triggers of the first are cloned onto the others by the server.
  bool clones() const { return relations.front().kind == 'p'; }
};

class Capture {
 public:
  Capture(const SourceSpec& spec, std::string instance_id);

  // Creates the schema, or checks that it is ours. Error: needs_person (another Syncline's; no
  // privilege, with the GRANT).
  Status install_schema(postgres::Session& session);

  // Whether somebody removed parts of the schema; and what makes it anew, empty, if so.
  // Precondition of the latter: the lock below is held.
  Result<bool> is_complete(postgres::Session& session) const;
  Status restore_schema(postgres::Session& session, const StopSignal& stop);

  // Takes the advisory lock of the schema's running owner, for as long as the session lives. False:
  // somebody else has it.
  Result<bool> try_lock(postgres::Session& session);

  // The watch of this table and link; 0: none yet.
  Result<int> find_watch(postgres::Session& session, const postgres::TableInfo& table,
                         const WatchRequest& request);

  // Brings functions and triggers for this table up to the request. Writers that are in flight may
  // still run the old functions: wait_for_writers() before a position is taken. What was missing or
  // disabled is put right; whether anything was missed meanwhile is for the fingerprint to say.
  // Error: also retry, when the table stays locked.
  // anew: replace the functions even if they should be right.
  Result<InstalledWatch> ensure_watch(postgres::Session& session, const postgres::TableInfo& table,
                                      const WatchRequest& request, bool anew,
                                      const StopSignal& stop);

  // Whether unlogged tables hold what was last written to them: a row in one of our own tells. If
  // not, the watches concerned; and what is said once their loads are known to be void.
  Result<bool> keeps_unlogged_tables(postgres::Session& session) const;
  Result<std::vector<int>> watches_of_unlogged_tables(postgres::Session& session) const;
  Status unlogged_tables_noted(postgres::Session& session);

  // Logs the keys of all rows of a leaf that joined the table, or that every row may differ.
  Status log_rows(postgres::Session& session, int watch, const std::vector<std::string>& link,
                  const postgres::LeafInfo& leaf);
  Status log_every_row(postgres::Session& session, int watch);

  // While on, every UPDATE is logged; writers in flight may not have seen it yet. It stays on while
  // any member of the watch is loading.
  Status begin_loading(postgres::Session& session, int watch);
  Status end_loading(postgres::Session& session, int watch);

  // Whoever may dump the database may dump our schema with it; and nobody else may read it.
  Status grant_to_readers(postgres::Session& session);

  // Watches that no member row refers to any more.
  Status drop_unused_watches(postgres::Session& session, const StopSignal& stop);

  // Removes the schema with all that is in it, triggers included. Error: retry while somebody else
  // holds the lock.
  Status uninstall(postgres::Session& session, const StopSignal& stop);

  const std::string& schema() const { return schema_; }  // quoted

 private:
  using Variables = std::vector<std::pair<std::string, std::string>>;
  struct Trigger {
    uint32_t relation = 0;
    std::string name;
    std::string function;
    std::string sql;
  };
  struct PresentTriggers {
    std::set<std::string> unfit;  // functions of which a trigger is disabled or out of place
    std::set<std::pair<uint32_t, std::string>> names;  // with their relations
  };

  std::string render(std::string_view script, const Variables& variables) const;
  Status create_schema(postgres::Session& session);
  Status check_publications(postgres::Session& session) const;
  // Its format, where the schema is ours.
  Result<int> check_owner(postgres::Session& session);
  Status upgrade_schema(postgres::Session& session, int format);
  Status remove_everything(postgres::Session& session, const StopSignal& stop);

  // One watch (capture_watch.cc).
  Variables watch_variables(const postgres::TableInfo& table, const WatchRequest& request,
                            const std::string& watch) const;
  std::string functions_sql(const postgres::TableInfo& table, const WatchedRelations& relations,
                            const WatchRequest& request, const std::string& watch) const;
  std::string definition_of(const postgres::TableInfo& table, const WatchedRelations& relations,
                            const WatchRequest& request) const;
  std::string trigger_name(const std::string& watch, std::string_view event) const;
  static std::vector<std::string> function_names(const std::string& watch);
  std::string drop_functions_sql(const std::string& watch) const;
  Result<int> create_watch(postgres::Session& session, const postgres::TableInfo& table,
                           const WatchedRelations& relations, const WatchRequest& request,
                           const StopSignal& stop);
  Status mend_watch(postgres::Session& session, const postgres::TableInfo& table,
                    const WatchedRelations& relations, const WatchRequest& request, int number,
                    bool anew, const StopSignal& stop);
  Status drop_watch(postgres::Session& session, int watch, const StopSignal& stop);
  Result<std::string> current_log(postgres::Session& session);

  // Its triggers (capture_triggers.cc).
  Result<WatchedRelations> read_relations(postgres::Session& session, uint32_t table) const;
  std::vector<Trigger> triggers_of(const WatchedRelations& relations,
                                   const std::string& watch) const;
  std::string enable_clones_sql(const WatchedRelations& relations, const std::string& watch) const;
  Status check_may_create(const WatchedRelations& relations,
                          const std::vector<Trigger>& triggers) const;
  Result<PresentTriggers> read_triggers(postgres::Session& session, const std::string& watch,
                                        const WatchedRelations& relations,
                                        const std::vector<Trigger>& wanted) const;
  Status enable_always(postgres::Session& session, const std::string& watch,
                       const WatchedRelations& relations, const StopSignal& stop) const;
  Status read_warnings(postgres::Session& session, int watch, const WatchedRelations& relations,
                       std::vector<std::string>& warnings) const;

  const SourceSpec spec_;
  const std::string instance_id_;
  const std::string schema_;
  const std::string channel_;
};

// Transactions that hold a write lock on one of a table's relations.
struct Writers {
  std::string transactions = "{}";  // their virtual ids, as an array
  std::string processes;            // for a person
  bool none() const { return transactions == "{}"; }
};
// All there are, or of those found before the ones that are not over.
Result<Writers> find_writers(postgres::Session& session, const postgres::TableInfo& table,
                             const std::optional<Writers>& among);

// Runs a script in one transaction, some times over, waiting for no lock longer than 50 ms and
// taking no longer than 700 ms in all: the user's statements queue behind a lock that waits, and
// wait for those that are held. Error: retry when it did not get its locks.
Status with_short_locks(postgres::Session& session, const std::string& script,
                        const StopSignal& stop);

}  // namespace syncline::capture

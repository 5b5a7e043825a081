// Capture: what Syncline installs in a source's database, and its removal (design section 3).
//
// Owner: Source. Every call uses a session of the caller's; installing and removing are serialised
// by Source. The SQL itself stands in sql/*.sql. Everything is idempotent: a call that was cut by a
// crash is simply made again.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "model/spec.h"
#include "source/catalog.h"
#include "source/session.h"

namespace syncline {

// What is to be watched: the link columns make the key, an UPDATE that leaves all read columns
// alone logs nothing.
struct WatchRequest {
  std::vector<std::string> link;
  std::set<std::string> read_columns;
};

struct InstalledWatch {
  int id = 0;
  // The triggers were not there, or not all of them: changes may have been missed, the caller has
  // to load again.
  bool created = false;
};

class Capture {
 public:
  Capture(const SourceSpec& spec, std::string instance_id);

  // Creates the schema, or checks that it is ours. Error: pause_job (another Syncline's; no
  // privilege, with the GRANT).
  Status install_schema(Session& session);

  // Takes the advisory lock of the schema's running owner, for as long as the session lives. False:
  // somebody else has it.
  Result<bool> try_lock(Session& session);

  // Brings functions and triggers for this table up to the request. Writers that are in flight may
  // still run the old functions: wait_for_writers() before a position is taken. Error: also retry,
  // when the table stays locked.
  Result<InstalledWatch> ensure_watch(Session& session, const TableInfo& table,
                                      const WatchRequest& request, const StopSignal& stop);

  // While on, every UPDATE is logged; writers in flight may not have seen it yet. It stays on while
  // any member of the watch is loading.
  Status begin_loading(Session& session, int watch);
  Status end_loading(Session& session, int watch);

  // Watches that no member row refers to any more.
  Status drop_unused_watches(Session& session, const StopSignal& stop);

  // Removes the schema with all that is in it, triggers included. Error: retry while somebody else
  // holds the lock.
  Status uninstall(Session& session, const StopSignal& stop);

  const std::string& schema() const { return schema_; }  // quoted

 private:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  std::string render(std::string_view script, const Variables& variables) const;
  Variables watch_variables(const TableInfo& table, const WatchRequest& request,
                            const std::string& watch) const;
  std::string functions_sql(const TableInfo& table, const WatchRequest& request,
                            const std::string& watch) const;
  std::string triggers_sql(const TableInfo& table, const std::string& watch) const;
  std::string trigger_name(const std::string& watch, std::string_view event) const;
  Status create_schema(Session& session);
  Status check_owner(Session& session);
  Result<InstalledWatch> create_watch(Session& session, const TableInfo& table,
                                      const WatchRequest& request, const StopSignal& stop);
  Status replace_functions(Session& session, const TableInfo& table, const WatchRequest& request,
                           int watch, const std::string& definition, const StopSignal& stop);
  Status drop_watch(Session& session, int watch, const StopSignal& stop);

  const SourceSpec spec_;
  const std::string instance_id_;
  const std::string schema_;
  const std::string channel_;
};

// Waits until no transaction that held a write lock on one of the table's relations at the call is
// still running.
Status wait_for_writers(Session& session, const TableInfo& table, const StopSignal& stop);

// Runs a script in one transaction with a lock timeout of 50 ms, some times over: the user's
// statements queue behind a waiting lock, so we wait only for moments. Error: retry when it did not
// get its locks.
Status with_short_locks(Session& session, const std::string& script, const StopSignal& stop);

}  // namespace syncline

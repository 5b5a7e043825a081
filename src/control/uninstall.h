// uninstall_source(): what `syncline uninstall SOURCE` does: removes everything that Syncline made
// in the database of a source, without a server.
//
// Called by main with the data directory locked, so that no server runs on it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "control/store.h"

namespace syncline::control {

struct Uninstalled {
  std::vector<std::string> databases;  // "host:port/database", cleaned
  std::vector<std::string> jobs;       // that will install it again when a server starts
};

// The source may be one that was deleted or moved and could not be cleaned then. While the tables
// are locked by others it is tried again for a minute. Error: needs_person (no such source; not
// ours), retry (not reachable, locked).
Result<Uninstalled> uninstall_source(Store& store, const std::string& name, const StopSignal& stop);

}  // namespace syncline::control

// SourceMemory: what is remembered of each source's database beyond the life of the process. The
// room control implements it in its store, the engine tells and asks, main wires it.
//
// Owner: main. Thread-safe: called from the engine's threads; must not call back into the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace syncline {

// What tells one life of a database from another.
struct DatabaseHistory {
  std::string identity;  // the server's system identifier, its timeline, the database's oid
  int64_t xmax = 0;      // ids of transactions from here on had not finished
  // A random value in our schema, drawn anew beside changes; empty: not known, or no schema. And
  // the one that is set next, which the database may have already.
  std::string mark, next_mark;
};

class SourceMemory {
 public:
  virtual ~SourceMemory() = default;
  // Our schema now exists in the database of this source: remember to clean it when no job needs it
  // any more. Durable before it returns.
  virtual Status schema_installed(const std::string& source_name) = 0;
  // Everything of ours is gone from the database of this source of Configuration::sources_to_clean.
  virtual Status schema_removed(const std::string& source_name) = 0;
  // What was last remembered of this source's database, also by an earlier process; nothing if it
  // was never connected. Durable before it returns. An unknown name changes nothing.
  virtual Result<std::optional<DatabaseHistory>> history(const std::string& source_name) = 0;
  virtual Status remember_history(const std::string& source_name,
                                  const DatabaseHistory& history) = 0;
};

}  // namespace syncline

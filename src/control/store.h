// Store: what is configured, durable in SQLite (DIR/state.db): sources, targets, jobs, and what is
// still installed where.
//
// Owner: main. Thread-safe (one connection behind a mutex). Every change is on the disk before its
// method returns, and happens as a whole or not at all. Bodies are kept as the text that the
// service gives; nothing here reads them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/source_memory.h"

namespace syncline::control {

struct StoredResource {
  std::string name;
  std::string body;
};

struct StoredSource {
  std::string name;  // of a retired source: made unique, "shop#7"
  std::string body;
  bool installed = false;
};

struct StoredJob {
  std::string name;
  std::string body;
  bool paused = false;
  int64_t resync_generation = 0;
  int64_t take_over_generation = 0;
};

// A change of one source, applied in one transaction.
struct SourceChange {
  std::string name;
  std::optional<std::string> body;  // none: the source is deleted
  // What was stored under the name is kept as a retired source, whose database is to be cleaned if
  // our schema is there.
  bool retire_stored = false;
  // Another source on the same schema of the same database, which takes over what is installed
  // there.
  std::optional<std::string> heir;
  // Retired sources on the same schema of the same database, which this one takes over: it counts
  // as installed.
  std::vector<std::string> absorbed;
};

class Store {
 public:
  // Opens or creates the file with mode 0600 and brings its schema up. Error: needs_person.
  static Result<std::unique_ptr<Store>> open(const std::string& path);
  ~Store();

  // Of this installation, made at its first start: 32 hex digits.
  const std::string& instance_id() const;

  Result<std::vector<StoredSource>> sources() const;
  Result<std::vector<StoredSource>> retired_sources() const;
  Result<std::vector<StoredResource>> targets() const;
  Result<std::vector<StoredJob>> jobs() const;

  Status change_source(const SourceChange& change);
  Status put_target(const std::string& name, const std::string& body);
  Status remove_target(const std::string& name);
  // Keeps the paused flag and the generation of a stored job.
  Status put_job(const std::string& name, const std::string& body);
  Status remove_job(const std::string& name);
  Status set_paused(const std::string& name, bool paused);
  // take_over: this request may take the index from another plan.
  Status set_resync_generation(const std::string& name, int64_t generation, bool take_over);

  // Our schema is in the database of the source now, or gone from it. The name of a source that was
  // deleted meanwhile means the retired one that it became; an unknown name changes nothing.
  Status set_installed(const std::string& name);
  Status clear_installed(const std::string& name);

  // What is remembered of a source's database; nothing for one that was never connected.
  Result<std::optional<DatabaseHistory>> history(const std::string& source) const;
  Status set_history(const std::string& source, const DatabaseHistory& history);

 private:
  class State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace syncline::control

// InstalledSources: notes in the store in which databases our schema stands, and what tells each
// from an older copy of itself, as the engine says.
//
// Owner: main. Thread-safe: called from the engine's threads.
#pragma once

#include "control/store.h"
#include "model/source_memory.h"

namespace syncline::control {

class InstalledSources final : public SourceMemory {
 public:
  explicit InstalledSources(Store& store) : store_(store) {}

  Status schema_installed(const std::string& source_name) override {
    return store_.set_installed(source_name);
  }
  Status schema_removed(const std::string& source_name) override {
    return store_.clear_installed(source_name);
  }

  Result<std::optional<DatabaseHistory>> history(const std::string& source_name) override {
    return store_.history(source_name);
  }
  Status remember_history(const std::string& source_name, const DatabaseHistory& history) override {
    return store_.set_history(source_name, history);
  }

 private:
  Store& store_;
};

}  // namespace syncline::control

// What becomes of the databases that sources leave behind: which other source takes one over, which
// are to be cleaned. Functions of the configuration and the store.
//
// Called by JobService's commands, with Configured::mutex held.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/store.h"
#include "model/spec.h"

namespace syncline::control {

// Another configured source on the same schema of the same database.
std::optional<std::string> heir_of(const Configuration& configuration, const std::string& source);

// The retired sources on the same schema of the same database.
Result<std::vector<std::string>> retired_at_place_of(const Store& store, const SourceSpec& source);

// Those whose database has our schema, which no job needs under whatever name it reaches it.
Result<std::map<std::string, SourceSpec>> find_sources_to_clean(const Store& store,
                                                                const Configuration& configuration);

}  // namespace syncline::control

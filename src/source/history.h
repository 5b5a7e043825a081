// Whether a database is still the one whose changes were followed, or an older copy of it: a
// standby that lagged and was promoted, a backup that was restored (design section 2).
//
// Pure but for read_history(), which asks in a session of the caller's.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/engine.h"
#include "source/session.h"

namespace syncline {

Result<DatabaseHistory> read_history(Session& session);

// Why what was seen of `before` may not be in the database of `now`, for the status; nothing if it
// is. Transactions that had finished and are not there any more were lost with it.
std::optional<std::string> lost_history(const DatabaseHistory& before, const DatabaseHistory& now);

}  // namespace syncline

// Whether a database is still the one whose changes were followed, or an older copy of it: a
// standby that lagged and was promoted, a backup that was restored.
//
// Transactions alone do not tell: a copy may have as many again before anybody looks. The mark
// does: a random value in our schema, drawn anew at each pulse, which no copy can come to by
// itself.
//
// Pure but for what asks in a session of the caller's.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/source_memory.h"
#include "postgres/session.h"

namespace syncline::capture {

// What a database is known by, as SQL: the system identifier of its server, the timeline, its oid.
inline constexpr const char* kIdentitySql =
    "(SELECT system_identifier FROM pg_control_system()) || ':' ||"
    " left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' ||"
    " (SELECT oid FROM pg_database WHERE datname = current_database())";

// To be asked before the session changes anything. `schema` is the quoted capture schema.
Result<DatabaseHistory> read_history(postgres::Session& session, const std::string& schema);

// Sets the mark in the database, and returns when it is on its disk with all that was committed
// before it. After an error it may be there or not.
Status set_mark(postgres::Session& session, const std::string& schema, const std::string& mark);

// Why what was seen of `before` may not be in the database of `now`, for the status; nothing if it
// is. Transactions that had finished and are not there any more were lost with it.
std::optional<std::string> lost_history(const DatabaseHistory& before, const DatabaseHistory& now);

}  // namespace syncline::capture

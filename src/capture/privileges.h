// Privileges: everything that our role lacks for some tables, in one message with the statements
// that grant it.
//
// Nothing is kept. Any thread with a session of its own; it is asked before a table is described.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "postgres/session.h"

namespace syncline::capture {

// PostgreSQL's code for a privilege that is lacking; ours, too, where we look before it does.
inline constexpr const char* kInsufficientPrivilege = "42501";

using TableNames = std::set<std::pair<std::string, std::string>>;  // schema, table

// Error: needs_person with kInsufficientPrivilege. Tables that do not exist lack nothing.
Status check_privileges(postgres::Session& session, const std::string& capture_schema,
                        const TableNames& tables);

// A schema with an installation that is not our role's to use: of another Syncline, or of this one
// under another role.
Status check_schema_is_open(postgres::Session& session, const std::string& capture_schema);

}  // namespace syncline::capture

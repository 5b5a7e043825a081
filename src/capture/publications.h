// Publications that would hold our tables: of all tables, or of our schema. A subscriber stops at
// the first change of a table that it does not have.
//
// Stateless; any thread with a session of its own.
#pragma once

#include <string>

#include "base/result.h"
#include "postgres/session.h"

namespace syncline::capture {

struct Publications {
  std::string names;  // for a person; empty: there are none
  std::string slots;  // which may read one of them; empty: nobody subscribes
};

// capture_schema: not quoted; it need not exist.
Result<Publications> find_publications(postgres::Session& session,
                                       const std::string& capture_schema);

}  // namespace syncline::capture

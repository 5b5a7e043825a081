// The way back from the text of a value in a document id (append_id_text) to PostgreSQL's.
//
// Part of DocumentIdCodec. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/pg_type.h"

namespace syncline::document {

// The PostgreSQL text of a value whose text in an id is this, or nothing if no value's is.
std::optional<std::string> postgres_text(const PgType& type, std::string_view id_text);

}  // namespace syncline::document

// Values: PostgreSQL's text form of a value in, JSON out.
//
// The text is what a session with DateStyle ISO, TimeZone UTC, IntervalStyle iso_8601,
// extra_float_digits 3 and bytea_output hex prints. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "document/json_string.h"
#include "model/pg_type.h"

namespace syncline::document {

// Appends the JSON of a non-null value, on one line. A numeric of more than 1,000 characters
// becomes a string, since clusters parse no longer numbers. Text that is not of the type's form is
// appended as a JSON string (the index, not we, decides whether it is acceptable), so that one odd
// value never stops anything.
void append_value(const PgType& type, std::string_view text, std::string& out);

// Appends the text of a value as part of a document id: its JSON without quotes (strings
// unescaped). False, and nothing appended, if it has none (JSON null: NaN, infinity). The text may
// also be what a cast to text gives, which differs from the type's own output for boolean and inet.
bool append_id_text(const PgType& type, std::string_view text, std::string& out);

}  // namespace syncline::document

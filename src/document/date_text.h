// Dates and timestamps: PostgreSQL's text (DateStyle ISO, TimeZone UTC) to ISO 8601 and back.
//
// Years outside 0–9999 are signed in ISO 8601, and 1 BC is the year 0. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/pg_type.h"

namespace syncline::document {

enum class DateText {
  written,   // appended
  infinite,  // infinity or -infinity: nothing appended
  foreign,   // not of the form: nothing appended
};

// Appends the ISO 8601 text, without quotes. kind: date, timestamp or timestamptz.
DateText append_iso_date(PgType::Kind kind, std::string_view text, std::string& out);

// The PostgreSQL text of which append_iso_date() makes exactly this, or nothing: real calendar
// dates within PostgreSQL's range alone, in the one form it would print.
std::optional<std::string> postgres_date(PgType::Kind kind, std::string_view iso);

}  // namespace syncline::document

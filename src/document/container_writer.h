// Values made of values: arrays, ranges, points, hstore and composites.
//
// The part of value_writer that parses literals; calls append_value() for what stands inside them.
// Pure functions, any thread. All answer false if the text is not of the form; what they appended
// until then is the caller's to cut off.
#pragma once

#include <string>
#include <string_view>

#include "model/pg_type.h"

namespace syncline::document {

bool append_array(const PgType& type, std::string_view text, std::string& out);

// An unbounded side, and one whose bound has no JSON (infinity), is left out; an empty range is
// null.
bool append_range(const PgType& type, std::string_view text, std::string& out);

// A point with a coordinate that is not finite is null: no index takes half a point.
bool append_point(std::string_view text, std::string& out);

bool append_hstore(std::string_view text, std::string& out);

bool append_composite(const PgType& type, std::string_view text, std::string& out);

}  // namespace syncline::document

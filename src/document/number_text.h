// Numbers: which text is one, and in which form PostgreSQL prints each type. Pure functions, any
// thread.
#pragma once

#include <string_view>

namespace syncline::document {

// The number grammar of JSON, which all finite numbers that PostgreSQL prints follow.
bool is_json_number(std::string_view text);

// NaN, Infinity or -Infinity.
bool is_not_finite(std::string_view text);

// Whether PostgreSQL prints a value of the type so, and reads it back: within its range, without
// leading zeros, plus sign or foreign notation. (Of a float all but its shortness is checked: one
// digit more than needed passes, casts, and finds a row of another text.) type: int2, int4, int8,
// oid, float4, float8; any other name means numeric.
bool is_canonical_number(std::string_view type, std::string_view text);

}  // namespace syncline::document

// Equality of property values: two values are equal where they are equal as JSON, numbers by value,
// strings byte for byte.
//
// Every value that can be compared has a key; values are equal exactly when family and key are. The
// one function of its kind: composing compares keys, and looking up rows by a key finds a superset
// of the rows whose value has it. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/pg_type.h"

namespace syncline::document {

enum class ValueFamily { number, string, boolean, date };

// For messages: "number", "string" …
std::string_view family_name(ValueFamily family);

// Nothing for types that cannot be compared: arrays, json, ranges, composites, hstore, points.
std::optional<ValueFamily> family_of(const PgType& type);
// Of a field mapped so in an index ("keyword", "long" …); nothing where it cannot be told.
std::optional<ValueFamily> family_of_field(std::string_view field_type);

// The key of a column's value in PostgreSQL's text form (what a session of ours prints, or a cast
// to text gives). Nothing where the value has no JSON but null.
std::optional<std::string> compare_key(const PgType& type, std::string_view text);

// The key of a JSON number, as written: 1, 1.0 and 10e-1 have one.
std::string number_key(std::string_view json_number);

// The text by which to look for rows of the type whose value has this key, or nothing if no value
// of the type can. It casts, except for types of which only PostgreSQL knows the form (enums, inet
// …).
std::optional<std::string> text_of_key(const PgType& type, std::string_view key);

}  // namespace syncline::document

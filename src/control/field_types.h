// The field types that clusters know, so that a job with another one is refused when it is created,
// with the one that fits.
//
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncline::control {

// What is wrong with a type that no Elasticsearch from 7 on and no OpenSearch knows, with their own
// plugins, and which one is meant; nothing if one knows it. Not asked of what is stored already: a
// job of an older version does not keep the server from starting.
std::optional<std::string> unknown_type_fault(std::string_view type);

// The type that is meant by the name of one of SQL, JSON or another tool ("bigint": "long"), or by
// a known one that is misspelt; nothing if none suggests itself.
std::optional<std::string_view> fitting_field_type(std::string_view name);

}  // namespace syncline::control

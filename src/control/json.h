// Json: configuration and REST bodies as a tree. Only control and api use it; rows never come near
// it.
//
// Keeps the order of fields, so that a resource reads as its user wrote it. Values, no threads.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace syncline::control {

using Json = nlohmann::ordered_json;

// Reads one JSON text strictly: valid UTF-8, no field twice in one object, at most kJsonDepthMax
// deep and kJsonValuesMax values. Error: what was expected, and in which line and column.
inline constexpr size_t kJsonDepthMax = 64;
inline constexpr size_t kJsonValuesMax = 200'000;
Result<Json> parse_json(std::string_view text);

// The text of a tree; bytes that are not UTF-8 (a server's message cut in the middle) become
// U+FFFD.
std::string json_text(const Json& json);

// The text of an object with all fields sorted, the same for equal objects; empty for an empty one.
std::string canonical_object_text(const Json& object);

}  // namespace syncline::control

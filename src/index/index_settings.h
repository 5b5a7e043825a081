// Index settings as a job gives them against those that an index has. Pure functions, used by
// IndexAdmin.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace syncline::index {

// Flat, nested, with or without an index wrapper, as one level of full names with texts, or lists
// of texts, as the cluster prints them: {"index.sort.field": ["a"], "index.number_of_shards": "3"}.
nlohmann::json flat_settings(const nlohmann::json& settings);

// Those of `wanted` that `present` does not have so; both as above.
nlohmann::json different_settings(const nlohmann::json& wanted, const nlohmann::json& present);

}  // namespace syncline::index

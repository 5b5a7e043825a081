// The JSON of mappings: made from a plan's fields, and compared with what an index has.
//
// Pure functions, used by IndexAdmin. Any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/index_admin.h"

namespace syncline::index {

// Longer strings stay out of a text field's keyword sub-field. In characters: at four bytes each it
// is below the 32,766 bytes beyond which the whole document would be refused.
constexpr int kKeywordCharactersMax = 8191;

// The "properties" of these fields. A path ("items.sku") becomes a field inside an object; several
// fields of one object are joined. An object that is there only as part of a path has no "type".
// needs_person: params that are no JSON object, or a field that is given twice.
Result<nlohmann::json> make_properties(const std::vector<FieldMapping>& fields);

// Of these fields those that carry params, and objects around such: what an index must be made
// with. The others are added to what a template of the user's gives it.
std::vector<FieldMapping> fields_with_params(const std::vector<FieldMapping>& fields);

// Whether a field of type `there` takes every value that one of type `asked` takes, and is searched
// alike.
bool takes_type(const std::string& there, const std::string& asked);

// What of `wanted` is missing in `existing`: two "properties" as above, the result is one as well
// (perhaps empty). A field there with a type that does not take the asked one: needs_person, naming
// it, both types, and what to do.
Result<nlohmann::json> missing_properties(const nlohmann::json& wanted,
                                          const nlohmann::json& existing, const std::string& index);

// The settings of all jobs on the index (each a JSON object or empty; flat, nested, with or without
// an index wrapper, which the cluster takes all) as one, with gc_deletes of 10 minutes unless they
// set it. Where two give one setting they agree (control sees to that).
Result<nlohmann::json> make_settings(const std::vector<std::string>& settings_json);

// The paths of all leaves of a "properties", for messages: "a, items.sku".
std::string field_names(const nlohmann::json& properties);

}  // namespace syncline::index

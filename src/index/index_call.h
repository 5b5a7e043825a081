// What the calls about one index share: how they are made and named in messages, and its mapping's
// _meta, in which our marks stand beside what others keep there.
//
// Used by IndexAdmin, IndexClaim and DocumentReader. As ClusterCall.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "http/http_client.h"
#include "index/cluster_call.h"

namespace syncline::index {

inline constexpr auto kOurs = "syncline";     // our key in mapping _meta
inline constexpr auto kLoadNote = "loading";  // below it: the settings to put back after a load

// "read" + index "orders": cannot read index "orders".
ClusterCall index_call(const std::string& index, std::string method, const std::string& suffix,
                       const std::string& doing, const std::string& privilege);

// Of an answer {"<concrete index>": {…}}: the one index. An alias over several: needs_person.
Result<nlohmann::json> only_index(const std::string& name, const nlohmann::json& answer);

Result<nlohmann::json> read_mapping(http::HttpClient& http, const std::string& index);

// Mapping _meta is replaced as a whole by each PUT, so what others keep there is written back.
Status write_meta(http::HttpClient& http, const std::string& index, nlohmann::json meta);

// Changes index settings that are dynamic; null: back to the default.
Status write_settings(http::HttpClient& http, const std::string& index, nlohmann::json settings);

}  // namespace syncline::index

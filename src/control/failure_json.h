// Parked documents in REST: what a client asks for, and what it gets. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/fault.h"
#include "control/json.h"
#include "model/failure.h"

namespace syncline::control {

// What stands behind the question mark of a path, decoded.
using QueryParameters = std::multimap<std::string, std::string>;

inline constexpr size_t kFailuresPageMax = 1000;
inline constexpr size_t kFailuresRetryMax = 10'000;

// ?limit=&after=, both optional.
FailureQuery parse_failure_query(const QueryParameters& parameters, Faults& faults);
// {"ids": ["…"]}; nothing: all of them.
std::optional<std::vector<std::string>> parse_failure_ids(const Json& body, Faults& faults);

Json failure_json(const Failure& failure);
Json failure_page_json(const FailurePage& page);

}  // namespace syncline::control

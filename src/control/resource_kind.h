// ResourceKind: sources, targets and jobs, where one is treated like the other: what they are
// called, and what a client may see of them. Pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "control/json.h"
#include "control/outcome.h"

namespace syncline::control {

enum class ResourceKind { source, target, job };
inline constexpr size_t kResourceKinds = 3;

const char* word(ResourceKind kind);
// source "shop"
std::string titled(ResourceKind kind, const std::string& name);
// The body with its secrets as stars.
Json masked(ResourceKind kind, const Json& body);

Refusal not_found(ResourceKind kind, const std::string& name);
Refusal exists_already(ResourceKind kind, const std::string& name);
// The store failed: the log gets the reason, the answer only that.
Refusal not_stored(const Error& error);

}  // namespace syncline::control

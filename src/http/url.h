// Parts of URLs: where a target lives and how a name goes into a path. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "model/spec.h"

namespace syncline::http {

// Everything but letters, digits and "-_.~" as %XX: fit for one path segment or one query value.
std::string percent_encode(std::string_view text);

// scheme://host:port[/prefix] of a target, without a slash at the end.
std::string base_url(const TargetSpec& target);

}  // namespace syncline::http

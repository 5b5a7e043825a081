// The code of an error that a cluster caused, where no HTTP status says more.
#pragma once

namespace syncline {

inline constexpr const char* kClusterCode = "cluster";

}  // namespace syncline

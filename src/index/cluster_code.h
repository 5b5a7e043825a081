// The code of an error that a cluster caused, where no HTTP status says more.
#pragma once

namespace syncline::index {

inline constexpr const char* kClusterCode = "cluster";

}  // namespace syncline::index

// Named failpoints: in debug builds the process ends at once (as by kill -9) at the point named by
// the environment variable SYNCLINE_FAILPOINT, at its n-th passing with "name:n". Compiled out of
// release builds.
#pragma once

#include <string_view>

namespace syncline {

#ifdef SYNCLINE_FAILPOINTS
void failpoint(std::string_view name);
#else
inline void failpoint(std::string_view) {}
#endif

}  // namespace syncline

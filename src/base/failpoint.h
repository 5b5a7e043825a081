// Named failpoints and durations: in debug builds the process ends at once (as by kill -9) at the
// point named by the environment variable SYNCLINE_FAILPOINT, at its n-th passing with "name:n";
// and a named duration is another one with SYNCLINE_DURATION="name:milliseconds". Compiled out of
// release builds.
#pragma once

#include <chrono>
#include <string_view>

namespace syncline {

#ifdef SYNCLINE_FAILPOINTS
void failpoint(std::string_view name);
std::chrono::milliseconds duration(std::string_view name, std::chrono::milliseconds normal);
#else
inline void failpoint(std::string_view) {}
inline std::chrono::milliseconds duration(std::string_view, std::chrono::milliseconds normal) {
  return normal;
}
#endif

}  // namespace syncline

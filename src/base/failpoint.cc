#include "base/failpoint.h"

#ifdef SYNCLINE_FAILPOINTS

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace syncline {

void failpoint(std::string_view name) {
  static const char* const wanted_text = std::getenv("SYNCLINE_FAILPOINT");
  if (wanted_text == nullptr) return;
  static std::atomic<int> passes{0};
  const std::string_view wanted(wanted_text);
  const size_t colon = wanted.find(':');
  if (wanted.substr(0, colon) != name) return;
  const int nth = colon == std::string_view::npos ? 1 : std::atoi(wanted_text + colon + 1);
  if (++passes == nth) ::kill(::getpid(), SIGKILL);
}

std::chrono::milliseconds duration(std::string_view name, std::chrono::milliseconds normal) {
  static const char* const wanted_text = std::getenv("SYNCLINE_DURATION");
  if (wanted_text == nullptr) return normal;
  const std::string_view wanted(wanted_text);
  const size_t colon = wanted.find(':');
  if (colon == std::string_view::npos || wanted.substr(0, colon) != name) return normal;
  return std::chrono::milliseconds(std::atoi(wanted_text + colon + 1));
}

}  // namespace syncline

#endif

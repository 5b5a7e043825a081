// StopSignals: SIGTERM and SIGINT, taken by one thread that waits for them instead of by a handler
// in the midst of another.
//
// Owner: main, which makes it before any thread starts, so that all inherit the blocked signals.
#pragma once

namespace syncline::cli {

class StopSignals {
 public:
  // Blocks SIGTERM and SIGINT in this thread and all that it starts, and ignores SIGPIPE.
  StopSignals();

  // Waits until one of the two has come, and gives its name.
  const char* wait() const;
};

}  // namespace syncline::cli

// How a member of a plan starts: its watch, its record, and from where it goes on.
//
// Called on the plan's thread while the plan is prepared.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/member.h"
#include "model/spec.h"

namespace syncline::engine {

// Installs the watch, reads or starts the member's record, and says whether its table has to be
// loaded (again). A start over takes the position now, after every writer that may have run without
// our triggers is over. Calls are serialised by the source's admin mutex. resync: the request that
// a start over fulfils.
struct StartOptions {
  std::string plan;
  std::string index_uuid;
  const Configuration* configuration =
      nullptr;  // all jobs: those that share the watch widen what it reads
  int64_t now_us = 0;
};
Status start_member(compose::Member& member, const StartOptions& options, const StopSignal& stop);

}  // namespace syncline::engine

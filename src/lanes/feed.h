// Feed: one reason for composing documents, as a supply of work. Each has a place of its own in the
// WorkTable, so that none waits for another's documents.
//
// Owner: Stream, on the plan's thread.
//
//   KeyFeed       a member's change log          LoadFeed      deletes made beside a load
//   FanOut        values that touch many         LaterFeed     requests whose outcome is unknown
//   Sweep         documents no key tells of      ParkedFeed    what the cluster refused before
//                                                RepairFeed    what a verification found
#pragma once

#include "base/clock.h"
#include "base/result.h"

namespace syncline::lanes {

class Feed {
 public:
  static constexpr Duration kRestMax = std::chrono::milliseconds(500);

  Feed() = default;
  virtual ~Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Puts into the table what there is and what there is room for. Never waits for a document to be
  // written. Error: retry, needs_person: the run ends.
  virtual Status step() = 0;
  // How long the stream may sleep before it calls step() again; zero: there is more to be had now.
  virtual Duration rest() const { return kRestMax; }
};

}  // namespace syncline::lanes

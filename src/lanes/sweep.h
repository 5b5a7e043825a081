// Sweep: walks every document of the index and composes those that no composition has touched since
// a version: after a load what is left are documents whose rows are gone, after TRUNCATE all of
// them.
//
// Owner: Stream, on the plan's thread. One page at a time: the next is read when the last is done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/index_admin.h"

namespace syncline::lanes {

struct SweepOptions {
  int64_t since_version = 0;  // documents at or above it were composed since
  // Documents below it were not written by this plan: in an index that Syncline did not create they
  // are strangers, left alone unless asked for. 0: none is a stranger.
  int64_t strangers_below = 0;
};

class Sweep {
 public:
  Sweep(index::IndexAdmin& admin, SweepOptions options) : admin_(admin), options_(options) {}
  ~Sweep();

  // The next ids to compose; done() when there are none left. Error: retry.
  Result<std::vector<std::string>> next_page();
  bool done() const { return done_; }
  int64_t strangers() const { return strangers_; }

 private:
  index::IndexAdmin& admin_;
  const SweepOptions options_;
  std::string scroll_id_;
  bool started_ = false;
  bool done_ = false;
  int64_t strangers_ = 0;
};

}  // namespace syncline::lanes

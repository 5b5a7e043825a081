// PlanContext: what the lanes of one running plan share.
//
// Owner: PlanRunner. Thread-safe where its members are; the lanes and the verifier hold a reference
// and end before it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "capture/plan_records.h"
#include "capture/source.h"
#include "compose/document_counts.h"
#include "compose/member.h"
#include "compose/page_size.h"
#include "compose/shape.h"
#include "compose/touch_watch.h"
#include "compose/version_counter.h"
#include "index/cluster.h"
#include "index/document_reader.h"
#include "index/index_admin.h"
#include "model/bulk.h"
#include "retry/parked_store.h"
#include "retry/retry_schedule.h"

namespace syncline::lanes {
class RefusalWatch;
class WriteTrouble;
}  // namespace syncline::lanes

namespace syncline::compose {

// What a plan has learned of the size of its documents: of their rows, and as stored.
struct PageSizes {
  PageSize rows{1000};  // more than this and a lookup saves nothing more
  PageSize stored{index::DocumentReader::kIdsMax};
};

struct PlanContext {
  std::string plan;  // target/index
  // An index job defines the documents; else they are somebody else's, and only our fields are
  // ours.
  bool owned = true;
  bool index_is_missing = false;  // of a foreign plan: there are no documents yet
  Members members;                // ordered by name
  Shape shape = {};               // compiled from them
  index::Cluster& cluster;
  index::IndexAdmin& admin;
  index::DocumentReader& documents;
  retry::ParkedStore& parked;
  retry::RetrySchedule& retries;
  const Clock& clock;
  const StopSignal& stop;
  DocumentCounts& counts;
  lanes::RefusalWatch& refusals;
  TouchWatch& touches;
  lanes::WriteTrouble& write_trouble;
  PageSizes& page_sizes;
  // Documents with lower versions were not written by this plan (SweepOptions); 0 while a resync
  // takes them along. Set by the plan's thread.
  std::atomic<int64_t> strangers_below{0};
  int64_t strangers_below_after_resync = 0;
  // While a repair takes them along. Set by the plan's thread.
  std::atomic<bool> strangers_too{false};
  std::unique_ptr<VersionCounter> versions;  // of an owned plan
  // What bulks are sent to: an alias of ours, or the index by its name (IndexClaim).
  std::string write_name;

  // The member in whose source the plan itself is kept: its first index job, else its first job.
  const Member& home() const;
  // How far the plan is, as its home keeps it, and as a member's source does.
  capture::PlanRecords records() const { return records(home()); }
  capture::PlanRecords records(const Member& member) const {
    return member.source->records(plan, stop);
  }
};

}  // namespace syncline::compose

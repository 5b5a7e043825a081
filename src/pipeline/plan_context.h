// PlanContext: what the lanes of one running plan share.
//
// Owner: PlanRunner. Thread-safe where its members are; the lanes (stream, loader, sweep) hold a
// reference and end before it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/stop_signal.h"
#include "model/bulk.h"
#include "pipeline/composer.h"
#include "pipeline/member.h"
#include "pipeline/page_size.h"
#include "pipeline/refusal_watch.h"
#include "pipeline/touch_watch.h"
#include "pipeline/write_trouble.h"
#include "retry/parked_store.h"
#include "retry/retry_schedule.h"
#include "source/source.h"
#include "target/cluster.h"
#include "target/document_reader.h"
#include "target/index_admin.h"

namespace syncline {

// Takes the versions of an owned plan from the counter in the source of its first index job.
class VersionCounter {
 public:
  VersionCounter(std::shared_ptr<Source> source, int number, const StopSignal& stop)
      : source_(std::move(source)), number_(number), stop_(stop) {}

  Result<int64_t> take();
  // The next versions lie above this one.
  Status raise_above(int64_t version);
  // The highest version taken by any lane so far.
  int64_t highest() const { return highest_.load(); }

 private:
  const std::shared_ptr<Source> source_;
  const int number_;
  const StopSignal& stop_;
  std::atomic<int64_t> highest_{0};
};

struct DocumentCounts {
  std::atomic<int64_t> indexed{0};
  std::atomic<int64_t> deleted{0};
  std::atomic<int64_t> conflicts{0};
};

// What a plan has learned of the size of its documents: of their rows, and as stored.
struct PageSizes {
  PageSize rows{1000};  // more than this and a lookup saves nothing more
  PageSize stored{DocumentReader::kIdsMax};
};

struct PlanContext {
  std::string plan;  // target/index
  // An index job defines the documents; else they are somebody else's, and only our fields are
  // ours.
  bool owned = true;
  bool index_is_missing = false;  // of a foreign plan: there are no documents yet
  Members members;                // ordered by name
  Cluster& cluster;
  IndexAdmin& admin;
  DocumentReader& documents;
  ParkedStore& parked;
  RetrySchedule& retries;
  const Clock& clock;
  const StopSignal& stop;
  DocumentCounts& counts;
  RefusalWatch& refusals;
  TouchWatch& touches;
  WriteTrouble& write_trouble;
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
};

// What a bulk result asks of its lane; `settle` has counted and parked already.
struct Settled {
  std::vector<std::string> done;     // written, deleted or parked
  std::vector<std::string> deleted;  // of those, the ones deleted
  std::vector<std::string> again;    // compose again
  std::vector<std::string> unknown;  // of `again`: the request may still arrive at the cluster
  std::optional<Error> trouble;      // the cluster cannot be used: retry or pause_job
};

// Parks the documents of a composition that cannot be sent, durably before it returns, and forgets
// those that are gone. What it returns is done.
Result<std::vector<std::string>> settle_unsendable(PlanContext& context, Composition& composition);

// Deals with the outcomes of one body: parks what the cluster refused (durably, before it returns),
// forgets what was parked and has been written, and raises the counter above versions that are not
// this plan's. Error: parking failed, or the cluster was asked and did not answer.
Result<Settled> settle(PlanContext& context, BulkResult result);

}  // namespace syncline

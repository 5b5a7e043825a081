// Loader: brings the tables of a plan's unfinished members into the index (design section 5).
//
// Owner: PlanRunner. Runs in a thread of its own, which start() begins and join() ends, beside the
// stream; versions and the change log make that safe. Resumable: progress is stored as (leaf, file
// node, block) up to which every row is acknowledged.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "document/copy_row.h"
#include "pipeline/composer.h"
#include "pipeline/plan_context.h"

namespace syncline {

class Loader {
 public:
  struct Events {
    // The rows that were read before now are all acknowledged: documents deleted meanwhile must be
    // composed once more.
    std::function<void()> segment_ended;
    std::function<void(const std::vector<std::string>&)> outcome_unknown;
    // A member's progress, for its status.
    std::function<void(const Member&, const LoadProgress&)> progress;
    std::function<void(Status)> finished;  // all members, or an error; the last call
  };

  Loader(PlanContext& context, Events events);
  ~Loader();  // stops and joins

  void start();
  // Ends the COPY under way soon; it goes on from where every row is acknowledged. Any thread.
  void end_segment() { end_segment_.store(true); }
  // Ends the COPY and the load with Error::retry: somebody waits for a lock on a table that we
  // read.
  void give_way() { give_way_.store(true); }

 private:
  // Where the rows of a body end: resuming at this block misses none of the rows after it.
  struct Mark {
    uint64_t tag = 0;
    bool acknowledged = false;
    int64_t block = 0;
    int64_t rows_before_block = 0;
  };

  Status run();
  Status load_member(Member& member);
  Status load_leaf(Member& member, const LeafInfo& leaf);
  Result<bool> load_segment(Member& member, const LeafInfo& leaf);
  Result<bool> copy_rows(Member& member, Session& session, bool direct);
  Status take_row(Member& member, bool direct);
  void write_row(const Member& member);
  Status compose_page();
  Status flush();
  void begin_body();
  Status submit(BulkBody body);
  Status settle_results(bool wait);
  Status wait_for_room();
  Status drain();
  void acknowledge(uint64_t tag);
  void report_progress();
  Status save_progress(Member& member, bool now);
  bool interrupted() const;

  PlanContext& context_;
  const Events events_;
  std::atomic<bool> end_segment_{false};
  std::atomic<bool> give_way_{false};
  StopSignal stop_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<BulkResult> results_;  // protected by mutex_

  // The loader thread's alone:
  CopyRow row_;
  BulkBuilder builder_;
  Composer composer_;
  std::vector<std::string> page_;
  std::set<std::string> in_page_;
  std::deque<Mark> marks_;
  uint64_t next_tag_ = 1;
  int64_t version_ = 0;
  bool direct_ = false;  // a row of the COPY is a document
  int64_t block_ = 0;
  int64_t rows_ = 0;
  int64_t rows_before_block_ = 0;
  const Member* member_ = nullptr;  // the one being loaded
  LoadProgress progress_;
  bool estimate_from_blocks_ = false;  // the table was never analyzed
  int64_t leaf_blocks_ = 0;
  TimePoint saved_at_;

  std::unique_ptr<BulkWriter> writer_;
  std::thread thread_;
};

}  // namespace syncline

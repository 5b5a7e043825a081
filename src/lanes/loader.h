// Loader: brings the tables of an owned plan's unfinished members into the index. A member's rows
// are what tells which documents to compose; where the plan's index jobs are loaded from the start
// at the same time, the others have nothing to add.
//
// Owner: PlanRunner. Runs in a thread of its own, which start() begins and the destructor stops and
// joins, beside the stream; versions and the change log make that safe. Resumable: progress is
// stored as (leaf, file node, block) up to which every row is acknowledged.
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

#include "compose/composer.h"
#include "compose/plan_context.h"
#include "compose/resolver.h"
#include "document/bulk_builder.h"
#include "document/copy_row.h"
#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::lanes {

class Loader {
 public:
  struct Events {
    // The rows that were read before now are all acknowledged: documents deleted meanwhile must be
    // composed once more.
    std::function<void()> segment_ended;
    std::function<void(const std::vector<std::string>&)> outcome_unknown;
    // A member's progress, for its status.
    std::function<void(const compose::Member&, const capture::LoadProgress&)> progress;
    std::function<void(Status)> finished;  // all members, or an error; the last call
  };

  Loader(compose::PlanContext& context, Events events);
  ~Loader();  // stops and joins

  void start();
  // Ends the COPY under way soon; it goes on from where every row is acknowledged. Any thread.
  void end_segment() { end_segment_.store(true); }

 private:
  // Resuming at this block misses none of the rows that are not yet in a body.
  struct Reached {
    int64_t block = 0;
    int64_t rows_before_block = 0;
  };
  // A body that was submitted, and what is reached when it and those before are acknowledged.
  struct Mark {
    uint64_t tag = 0;
    bool acknowledged = false;
    Reached reached;
  };

  Status run();
  Status load_member(compose::Member& member);
  bool is_covered(const compose::Member& member) const;
  Status finish_covered(compose::Member& member);
  Status finish(compose::Member& member);
  Status load_leaf(compose::Member& member, const postgres::LeafInfo& leaf);
  Result<bool> load_segment(compose::Member& member, const postgres::LeafInfo& leaf);
  Result<int> begin_segment(const postgres::LeafInfo& leaf, postgres::Session& session);
  Status end_copy(postgres::Session& session, bool complete);
  Result<bool> copy_rows(compose::Member& member, postgres::Session& session);
  Status take_row(compose::Member& member);
  Status write_row(const compose::Member& member);
  bool by_lookups() const { return progress_.block < by_lookups_until_; }
  Status compose_page();
  Status compose_ids(std::span<const std::string> ids);
  Status compose_keys(const compose::Member& property, std::span<const std::string> keys);
  Status compose_key_by_pages(const compose::Member& property, const std::string& key);
  Status compose_resolved(const compose::ResolvedPage& page);
  Status flush();
  void begin_body();
  Status submit(BulkBody body, const Reached& reached);
  Status handle_results(bool wait);
  Status wait_for_room();
  Status drain();
  void acknowledge(uint64_t tag);
  void report_progress();
  Status save_progress(compose::Member& member, bool now);
  bool interrupted() const;
  Status check_patience() const;

  compose::PlanContext& context_;
  const Events events_;
  std::atomic<bool> end_segment_{false};
  std::atomic<bool> give_way_{false};  // somebody waits for a lock on the table that is read
  StopSignal stop_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<BulkResult> results_;  // protected by mutex_

  // The loader thread's alone:
  document::CopyRow row_;
  size_t line_bytes_ = 0;
  document::BulkBuilder builder_;
  std::unique_ptr<compose::Composer> composer_;
  std::unique_ptr<compose::Resolver> resolver_;
  std::vector<std::string> page_;  // ids, or keys of a property
  std::set<std::string> in_page_;
  size_t page_bytes_ = 0;
  std::deque<Mark> marks_;
  uint64_t next_tag_ = 1;
  int64_t version_ = 0;
  bool direct_ = false;           // a row of the COPY is a document
  int64_t by_lookups_until_ = 0;  // a row before this block cannot be read as a whole: all there
                                  // are looked up
  Reached read_;                  // by the row that is read now
  Reached before_page_;           // by the rows before those of page_
  int64_t rows_ = 0;
  const compose::Member* member_ = nullptr;  // the one being loaded
  capture::LoadProgress progress_;
  bool estimate_from_blocks_ = false;  // the table was never analyzed
  int64_t leaf_blocks_ = 0;
  TimePoint saved_at_;
  TimePoint segment_ends_at_;

  std::unique_ptr<index::BulkWriter> writer_;
  std::thread thread_;
};

}  // namespace syncline::lanes

// FanOut: from the keys of changed property rows to the documents they touch, in bounded pieces.
//
// Owner: Stream, on the plan's thread. A key that touches few documents is resolved at once, as
// part of the batch that brought it. One that touches many is stored durably in its job's source
// before that batch may end, and composed page by page in a lane of its own, where it delays nobody
// and survives a restart half way.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compose/plan_context.h"
#include "compose/resolver.h"
#include "lanes/feed.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class FanOut final : public Feed {
 public:
  // Documents that the work table holds before no more keys are resolved.
  static constexpr size_t kDocumentsMax = 20'000;

  FanOut(compose::PlanContext& context, WorkTable& table);

  // The changed keys (distinct) of a property's batch, which is sealed with this position when all
  // that they touch is in the table or stored.
  void add(const compose::Member& property, uint64_t batch, std::vector<std::string> keys,
           std::optional<capture::Position> position);
  // Whether keys of a batch still wait to be resolved.
  bool resolving() const { return !pending_.empty(); }

  // Resolves what there is room for, and moves the lane on.
  Status step() override;
  // Zero while step() would get on without waiting for an answer.
  Duration rest() const override { return has_work() ? Duration::zero() : kRestMax; }

 private:
  using Key = std::pair<const compose::Member*, std::string>;
  struct Pending {
    uint64_t batch = 0;
    std::vector<Key> keys;  // taken from the end
    std::optional<capture::Position> position;
  };
  struct Entry {
    const compose::Member* member = nullptr;
    capture::FanOutRecord record;
  };
  struct Page {
    std::vector<std::string> ids;
    size_t taken = 0;
    std::optional<std::string> resume;
  };

  bool has_work() const;
  Status resolve_some();
  Status store(const compose::Member& property, const std::string& key);
  Status step_lane();
  Status fetch_entries();
  Status begin_page();
  void take_slices();
  Status end_page();

  compose::PlanContext& context_;
  WorkTable& table_;
  const FeedId feed_;
  std::unique_ptr<compose::Resolver> resolver_;

  std::deque<Pending> pending_;
  size_t group_size_;

  // The lane:
  std::deque<Entry> entries_;  // the first is under way
  std::optional<Page> page_;   // of the first
  bool restart_ = false;       // the first was touched again
  bool more_stored_ = true;    // beyond entries_
};

}  // namespace syncline::lanes

// LaterFeed: documents of requests whose outcome is unknown. Each is composed once more when the
// request can no longer arrive.
//
// Owner: Stream, on the plan's thread. The list outlives it: a run that ends leaves it to the next.
#pragma once

#include <string>
#include <vector>

#include "index/bulk_writer.h"
#include "lanes/feed.h"
#include "lanes/later_list.h"
#include "lanes/sweep.h"
#include "lanes/work_table.h"

namespace syncline::lanes {

class LaterFeed final : public Feed {
 public:
  LaterFeed(LaterList& list, const Clock& clock, WorkTable& table, Sweep& sweep)
      : list_(list), clock_(clock), table_(table), sweep_(sweep), feed_(table.open_feed()) {}

  void add(const std::vector<std::string>& ids) {
    if (!ids.empty()) list_.add(ids, clock_.now() + 2 * index::kBulkTimeout);
  }

  Status step() override {
    const LaterList::Due due = list_.take_due(clock_.now());
    table_.add_all(feed_, due.ids, WorkTable::Haste::patient);
    return due.every_document ? sweep_.request() : Status();
  }

 private:
  LaterList& list_;
  const Clock& clock_;
  WorkTable& table_;
  Sweep& sweep_;
  const FeedId feed_;
};

}  // namespace syncline::lanes

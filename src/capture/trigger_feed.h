// TriggerFeed: the changes of a watch as its triggers log them.
//
// Owner: whoever opened it (Source::open_feed); one thread. Takes a session of its own for each
// read. Its positions are snapshots. Place in the flow: change log → [keys of one watch].
#pragma once

#include <functional>
#include <optional>

#include "base/stop_signal.h"
#include "capture/change_log.h"
#include "capture/feed.h"
#include "capture/subscriptions.h"
#include "postgres/session_pool.h"

namespace syncline::capture {

class TriggerFeed final : public ChangeFeed {
 public:
  // All outlive it.
  struct Parts {
    postgres::SessionPool& sessions;
    const ChangeLog& log;
    Subscriptions& subscriptions;
    std::function<Status(postgres::Session&)> keys_lost;  // has the table loaded again
    const StopSignal& stop;
  };
  TriggerFeed(Parts parts, int watch, const Position& from, std::function<void()> wake);
  ~TriggerFeed() override;

  bool take_touched() override;
  Result<ChangeBatch> read() override;
  std::optional<Position> follow_head(TimePoint later_than) override;

 private:
  const Parts parts_;
  ChangeCursor cursor_;
  const int subscription_;
};

}  // namespace syncline::capture

// ChangeFeed: the keys that changed in one table, in commit order, and how far they were read.
//
//   TriggerFeed   keys that triggers wrote into the change log
//
// Made by Source::open_feed(), for a member of a plan; used by the plan's thread alone, and gone
// before the source. Place in the flow: tables → [changes] → keys → documents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "capture/position.h"

namespace syncline::capture {

struct ChangeBatch {
  std::vector<std::optional<std::string>> keys;  // nothing: every row of the table (TRUNCATE)
  // The position that is reached once these keys, and those of all batches before, are dealt with.
  // Nothing while more pieces of one huge transaction are to come.
  std::optional<Position> position;
  // A key could not be made, since its column is gone: the table is loaded again.
  bool keys_lost = false;
  bool at_head = false;  // there was nothing more when it was read
};

class ChangeFeed {
 public:
  ChangeFeed() = default;
  virtual ~ChangeFeed() = default;
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  // Whether keys may have come since the last call. Ask before reading, so that nothing falls
  // between.
  virtual bool take_touched() = 0;
  // The next batch. After an error the same batch is read again.
  virtual Result<ChangeBatch> read() = 0;
  // Goes on from the head, if it is known that no key lies before it: none came, and the head was
  // taken after `later_than`. The position there; nothing if it stays where it is.
  virtual std::optional<Position> follow_head(TimePoint later_than) = 0;
};

}  // namespace syncline::capture

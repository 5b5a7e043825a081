// Snapshot: a set of finished transactions, as PostgreSQL's pg_snapshot writes it
// (xmin:xmax:xip,…). What a Position of a trigger feed says.
//
// "Everything visible in this snapshot has been dealt with." Commit order is not the order of ids,
// so a number would not do: a transaction with a low id may commit last. Plain value; of this room
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/position.h"

namespace syncline::capture {

struct Snapshot {
  uint64_t xmax = 0;          // ids from here on had not finished
  std::vector<uint64_t> xip;  // sorted: ids below xmax that had not finished either

  static std::optional<Snapshot> parse(std::string_view text);
  std::string text() const;

  // One that cannot be read sees nothing, so that every key there is gets read.
  static Snapshot of(const Position& position);
  Position position() const { return Position(text()); }

  uint64_t xmin() const { return xip.empty() ? xmax : xip.front(); }
  bool sees(uint64_t txid) const;
  // Whether it sees every transaction that the other one does.
  bool covers(const Snapshot& other) const;

  // This snapshot plus those transactions of `now` (a later one) that were in progress here or lie
  // below `end`: a valid snapshot between the two. Precondition: end >= xmax.
  Snapshot advanced_to(const Snapshot& now, uint64_t end) const;
  // This snapshot plus one transaction that was in progress here.
  Snapshot with(uint64_t txid) const;

  bool operator==(const Snapshot&) const = default;
};

}  // namespace syncline::capture

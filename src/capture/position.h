// Position: a set of finished transactions, as PostgreSQL's pg_snapshot writes it
// (xmin:xmax:xip,…).
//
// "Everything visible in this position has been dealt with." Commit order is not the order of ids,
// so a number would not do: a transaction with a low id may commit last. Plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::capture {

struct Position {
  uint64_t xmax = 0;          // ids from here on had not finished
  std::vector<uint64_t> xip;  // sorted: ids below xmax that had not finished either

  static std::optional<Position> parse(std::string_view text);
  std::string text() const;

  uint64_t xmin() const { return xip.empty() ? xmax : xip.front(); }
  bool sees(uint64_t txid) const;
  // Whether it sees every transaction that the other one does.
  bool covers(const Position& other) const;

  // This position plus those transactions of `now` (a later one) that were in progress here or lie
  // below `end`: a valid position between the two. Precondition: end >= xmax.
  Position advanced_to(const Position& now, uint64_t end) const;
  // This position plus one transaction that was in progress here.
  Position with(uint64_t txid) const;

  bool operator==(const Position&) const = default;
};

}  // namespace syncline::capture

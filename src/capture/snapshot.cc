#include "capture/snapshot.h"

#include <algorithm>
#include <charconv>

namespace syncline::capture {

namespace {

std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Snapshot> Snapshot::parse(std::string_view text) {
  Snapshot snapshot;
  if (!take_number(text) || !take(text, ':')) return std::nullopt;
  const auto xmax = take_number(text);
  if (!xmax || !take(text, ':')) return std::nullopt;
  snapshot.xmax = *xmax;
  while (!text.empty()) {
    const auto txid = take_number(text);
    if (!txid) return std::nullopt;
    snapshot.xip.push_back(*txid);
    if (!text.empty() && !take(text, ',')) return std::nullopt;
  }
  return snapshot;
}

Snapshot Snapshot::of(const Position& position) {
  return parse(position.text()).value_or(Snapshot());
}

std::string Snapshot::text() const {
  std::string text = std::to_string(xmin()) + ":" + std::to_string(xmax) + ":";
  for (size_t i = 0; i < xip.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(xip[i]);
  return text;
}

bool Snapshot::sees(uint64_t txid) const {
  return txid < xmax && !std::binary_search(xip.begin(), xip.end(), txid);
}

// The id below a snapshot's xmax is always that of a transaction that had finished.
bool Snapshot::covers(const Snapshot& other) const {
  return xmax >= other.xmax &&
         std::all_of(xip.begin(), xip.end(), [&](uint64_t txid) { return !other.sees(txid); });
}

Snapshot Snapshot::advanced_to(const Snapshot& now, uint64_t end) const {
  Snapshot between;
  between.xmax = std::min(end, now.xmax);
  for (const uint64_t txid : now.xip) {
    if (txid < between.xmax) between.xip.push_back(txid);
  }
  return between;
}

Snapshot Snapshot::with(uint64_t txid) const {
  Snapshot more = *this;
  const auto found = std::lower_bound(more.xip.begin(), more.xip.end(), txid);
  if (found != more.xip.end() && *found == txid) more.xip.erase(found);
  return more;
}

}  // namespace syncline::capture

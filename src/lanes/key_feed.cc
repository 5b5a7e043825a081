#include "lanes/key_feed.h"

#include <algorithm>
#include <set>
#include <utility>

namespace syncline::lanes {

namespace {

// Known to the table at once; past that no more keys are read.
constexpr size_t kIdBytesMax = size_t{16} << 20;
constexpr size_t kBatchesMax = 256;  // open at once

}  // namespace

KeyFeed::KeyFeed(compose::PlanContext& context, compose::Member& member, Outlets outlets,
                 std::unique_ptr<capture::ChangeFeed> changes)
    : context_(context),
      member_(member),
      to_(outlets),
      feed_(to_.table.open_feed()),
      changes_(std::move(changes)),
      progress_([this](const capture::Position& position) { return store(position); }) {}

Status KeyFeed::store(const capture::Position& position) {
  return member_.source->records(context_.plan, never_).save_position(member_.name(), position);
}

bool KeyFeed::has_room() const {
  return to_.table.size() < FanOut::kDocumentsMax && to_.table.id_bytes() < kIdBytesMax &&
         to_.table.open_batches() < kBatchesMax && !to_.fan_out.resolving();
}

Duration KeyFeed::rest() const {
  return more_ && has_room() ? Duration::zero() : kRestMax;
}

Status KeyFeed::step() {
  if (!has_room()) return {};
  if (!more_ && !changes_->take_touched()) return {};
  more_ = true;
  while (more_ && has_room()) {
    // Only to read: what comes of it takes connections of its own.
    SYNCLINE_ASSIGN(const capture::ChangeBatch batch, changes_->read());
    read_at_ = context_.clock.now();
    more_ = !batch.at_head;
    if (batch.keys_lost) return {};  // the member starts over
    // TRUNCATE: every document is to be composed. Durable before the position can move past it.
    if (std::find(batch.keys.begin(), batch.keys.end(), std::nullopt) != batch.keys.end())
      SYNCLINE_RETURN_IF_ERROR(to_.sweep.request());
    add_keys(batch);
  }
  return {};
}

void KeyFeed::add_keys(const capture::ChangeBatch& batch) {
  const uint64_t number = to_.table.begin_batch(feed_);
  progress_.read(number);
  const bool by_value = member_.is_found_by_value();
  std::set<std::string> values;
  for (const std::optional<std::string>& logged : batch.keys) {
    if (!logged) continue;
    auto key = member_.key_of_logged(*logged);
    if (!key) continue;
    if (by_value) {
      values.insert(*std::move(key));
    } else {
      to_.table.add(number, *key);
    }
  }
  if (by_value) {
    to_.fan_out.add(member_, number, {values.begin(), values.end()}, batch.position);
  } else {
    to_.table.seal(number, batch.position);
  }
}

std::optional<capture::Position> KeyFeed::follow_head() {
  if (more_ || !to_.table.feed_is_clear(feed_)) return std::nullopt;
  return changes_->follow_head(read_at_);
}

Result<std::optional<capture::Position>> KeyFeed::take_reached() {
  auto reached = to_.table.take_reached(feed_);
  if (!reached) return std::optional<capture::Position>();
  std::optional<capture::Position> position = reached->position;
  SYNCLINE_RETURN_IF_ERROR(progress_.done(*std::move(reached)));
  return position;
}

}  // namespace syncline::lanes

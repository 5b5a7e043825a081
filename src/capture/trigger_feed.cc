#include "capture/trigger_feed.h"

#include <utility>

namespace syncline::capture {

TriggerFeed::TriggerFeed(Parts parts, int watch, const Position& from, std::function<void()> wake)
    : parts_(std::move(parts)),
      cursor_(parts_.log, watch, Snapshot::of(from)),
      subscription_(parts_.subscriptions.add(watch, std::move(wake))) {}

TriggerFeed::~TriggerFeed() {
  parts_.subscriptions.remove(subscription_);
}

bool TriggerFeed::take_touched() {
  return parts_.subscriptions.take_touched(subscription_);
}

Result<ChangeBatch> TriggerFeed::read() {
  SYNCLINE_ASSIGN(const auto session,
                  parts_.sessions.acquire(postgres::SessionPool::Use::short_work, parts_.stop));
  SYNCLINE_ASSIGN(ChangeBatch batch, cursor_.read(*session));
  if (batch.keys_lost) SYNCLINE_RETURN_IF_ERROR(parts_.keys_lost(*session));
  return batch;
}

std::optional<Position> TriggerFeed::follow_head(TimePoint later_than) {
  auto head = parts_.subscriptions.untouched_head(subscription_, later_than);
  if (!head) return std::nullopt;
  Position position = head->position();
  cursor_.skip_to(*std::move(head));
  return position;
}

}  // namespace syncline::capture

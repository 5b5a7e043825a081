#include "lanes/load_bodies.h"

#include <utility>

#include "lanes/bulk_outcome.h"
#include "lanes/write_trouble.h"

namespace syncline::lanes {

namespace {

constexpr size_t kInFlightBytesMax = 20 << 20;
constexpr auto kCheckInterval = std::chrono::milliseconds(100);

}  // namespace

void LoadBodies::begin(const LoadCheckpoint::Reached& from, TimePoint patience_ends) {
  checkpoint_.begin(from);
  patience_ends_ = patience_ends;
}

Status LoadBodies::submit(BulkBody body, const LoadCheckpoint::Reached& reached) {
  SYNCLINE_RETURN_IF_ERROR(wait_for_room());
  body.tag = checkpoint_.submitted(reached);
  lane_.submit(std::move(body));
  return {};
}

Status LoadBodies::wait_for_room() {
  while (static_cast<int>(checkpoint_.bodies()) >= lane_.bodies_wanted() ||
         lane_.bytes_in_flight() > kInFlightBytesMax) {
    SYNCLINE_RETURN_IF_ERROR(wait_for_answers());
    if (stopping()) return Error::stop();
    SYNCLINE_RETURN_IF_ERROR(check_patience());
  }
  return take_answers();
}

// A COPY that cannot go on does not hold its lock and its snapshot for long.
Status LoadBodies::check_patience() const {
  if (interrupts_.give_way.load())
    return Error::retry("somebody needs the table for itself; going on when it is free");
  if (context_.clock.now() > patience_ends_)
    return Error::retry("the cluster takes no documents; going on when it does");
  return {};
}

Status LoadBodies::drain() {
  while (checkpoint_.bodies() > 0) {
    SYNCLINE_RETURN_IF_ERROR(wait_for_answers());
    if (stopping()) return Error::stop();
  }
  return {};
}

Status LoadBodies::wait_for_answers() {
  bell_.wait_for(kCheckInterval);
  return take_answers();
}

Status LoadBodies::take_answers() {
  std::optional<Error> trouble;
  for (BulkResult& answer : lane_.take_answers()) {
    const uint64_t tag = answer.body.tag;
    SYNCLINE_ASSIGN(Handled handled, handle_answer(context_, std::move(answer)));
    if (!handled.unknown.empty()) listener_.outcome_unknown(std::move(handled.unknown));
    if (handled.trouble) trouble = handled.trouble;
    if (handled.again.empty()) {
      if (checkpoint_.acknowledged(tag)) context_.write_trouble.over();
    } else if (!trouble) {
      // Versions that were not ours, or a body that grew too old: this part of the table is read
      // again.
      trouble = Error::retry("some documents have to be read again");
    }
  }
  if (trouble) return *std::move(trouble);
  return {};
}

void LoadBodies::close() {
  std::vector<std::string> unknown = lane_.close();
  if (!unknown.empty()) listener_.outcome_unknown(std::move(unknown));
}

}  // namespace syncline::lanes

// BulkSubmission and BulkPiece: a body on its way, and the parts into which retries and splits cut
// it.
//
// Owner: the BulkWriter's state, on the HTTP loop's thread alone. Plain data with the few steps
// that keep it consistent.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "index/bulk_concurrency.h"
#include "model/bulk.h"

namespace syncline::index {

// One submitted body, until all its pieces are settled.
struct BulkSubmission {
  BulkResult result;
  size_t bytes = 0;  // of the body as submitted
  size_t pieces_open = 0;
  bool cluster_works = false;  // some item was answered for good

  explicit BulkSubmission(BulkBody body) : bytes(body.bytes.size()) {
    result.outcomes.resize(body.items.size());
    result.body = std::move(body);
  }

  void set_unavailable(std::string reason, bool needs_person) {
    result.unavailable = true;
    result.needs_person = result.needs_person || needs_person;
    if (result.unavailable_reason.empty() || needs_person)
      result.unavailable_reason = std::move(reason);
  }
};

// Some items of a body, sent as one request. The first piece is the whole body and sends the body's
// own bytes; the bytes of the others are copied out of it, which is why only what must be sent
// again is.
struct BulkPiece {
  enum class Phase { waiting, backing_off, sent, closed };

  std::shared_ptr<BulkSubmission> submission;
  std::vector<uint32_t> items;  // positions in the body
  bool whole = false;
  std::string bytes;  // unless whole
  Phase phase = Phase::waiting;
  BulkConcurrency::Ticket ticket = 0;
  size_t slot_bytes = 0;  // what the slot was taken for
  TimePoint sent_at;
  int attempts = 0;                 // that ended with "not now"
  uint64_t taken_at_first_try = 0;  // how many requests the cluster had worked off by then
  bool blocked = false;             // a disk is full, or a shard away: more than slowness
  std::string last_reason;          // of such an attempt

  explicit BulkPiece(std::shared_ptr<BulkSubmission> of)
      : submission(std::move(of)), items(submission->result.body.items.size()), whole(true) {
    std::iota(items.begin(), items.end(), 0U);
  }

  // A part of `from`, whose bytes must be at home.
  BulkPiece(const BulkPiece& from, std::vector<uint32_t> part)
      : submission(from.submission),
        items(std::move(part)),
        attempts(from.attempts),
        taken_at_first_try(from.taken_at_first_try),
        blocked(from.blocked),
        last_reason(from.last_reason) {
    const BulkBody& body = submission->result.body;
    size_t total = 0;
    for (uint32_t i : items) total += body.items[i].length;
    bytes.reserve(total);
    for (uint32_t i : items) bytes.append(body.bytes, body.items[i].offset, body.items[i].length);
  }

  std::string& payload() { return whole ? submission->result.body.bytes : bytes; }
};

}  // namespace syncline::index

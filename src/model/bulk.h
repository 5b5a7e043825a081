// BulkBody and what becomes of it: the words between compose, lanes and index.
// Plain data, moved from thread to thread, never shared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace syncline {

enum class BulkAction : uint8_t { index, remove };

// One document write inside a body: [offset, offset + length) holds its action line and, for index,
// its source line.
struct BulkItem {
  std::string id;
  BulkAction action = BulkAction::index;
  uint32_t offset = 0;
  uint32_t length = 0;
};

// Many document writes of one index, ready to be sent to POST /INDEX/_bulk. All carry the same
// external version.
struct BulkBody {
  std::string bytes;
  std::vector<BulkItem> items;
  int64_t version = 0;
  TimePoint
      read_at;  // when its rows were read; a body older than 30 s is composed again, never sent
  uint64_t tag = 0;  // the submitter's own
};

// What became of one item, in the order of BulkBody::items.
struct ItemOutcome {
  enum class Kind : uint8_t {
    done,      // written, deleted, or already gone (404 on delete)
    conflict,  // 409: somebody newer was here
    refused,   // the cluster refuses this document: park it
    stale,     // not sent in time: compose again
    unknown,   // the request was cut or timed out: compose again, once more after twice the request
               // timeout
  };
  Kind kind = Kind::done;
  int status = 0;
  std::string type;    // refused: error type
  std::string reason;  // refused: as the cluster gave it (unmasked: for the owner's eyes, never for
                       // the log)
};

struct BulkResult {
  BulkBody body;
  std::vector<ItemOutcome> outcomes;  // as many as body.items
  // Set when the cluster could not be used at all (not reachable, read-only, blocked, no
  // privilege): says why, for the status. The outcomes are then stale or unknown.
  bool unavailable = false;
  std::string unavailable_reason;
  // needs a person (privilege missing, index closed or blocked by hand)
  bool needs_person = false;
};

}  // namespace syncline

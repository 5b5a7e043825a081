// BulkWriter: takes bodies for one index and sees each item through to an outcome.
//
// Owner: a plan. submit() from any thread; on_result runs on the HTTP loop's thread and must not
// block; it may submit(). Whole-request and per-item 429 and 5xx are sent again with jittered
// backoff while the body is younger than kBodyAgeMax, then given back as stale. 413 halves the
// body. A body refused whole is split until the culprit stands alone. Bodies may overtake one
// another, and so may the parts of one that had to be split.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/http_client.h"
#include "index/bulk_concurrency.h"
#include "model/bulk.h"

namespace syncline::index {

constexpr Duration kBodyAgeMax = std::chrono::seconds(30);
constexpr Duration kBulkTimeout = std::chrono::seconds(60);
// How long the destructor waits for requests that are out; their outcome is then unknown.
constexpr Duration kBulkStopMax = std::chrono::seconds(3);

class BulkWriter {
 public:
  using OnResult = std::function<void(BulkResult)>;

  BulkWriter(http::HttpClient& http, BulkConcurrency& concurrency, const Clock& clock,
             const std::string& index, OnResult on_result);
  // Waits until every submitted body has its result: those not sent become stale at once, those
  // unanswered after kBulkStopMax unknown (without their bytes). Not from on_result; before the
  // HttpClient's end; no submit() beside it.
  ~BulkWriter();
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  // Never blocks. The submitter bounds what it has under way by bytes_in_flight().
  void submit(BulkBody body);

  // Bytes submitted and not yet answered.
  size_t bytes_in_flight() const;
  // How many bodies it makes sense to have submitted at once: the concurrency limit plus one ready
  // to go.
  int bodies_wanted() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace syncline::index

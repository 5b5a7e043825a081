// BulkWriter::State: the way of each piece of a body: wait for a slot, go out, be judged, perhaps
// wait and go again.
//
// Owner: BulkWriter, and the callbacks that it has given to the HTTP loop. submit(),
// stop_and_wait() and bytes_in_flight() from any thread; everything else runs on the HTTP loop's
// thread, which therefore needs no locks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "index/bulk_answer.h"
#include "index/bulk_piece.h"
#include "index/bulk_writer.h"

namespace syncline::index {

class BulkWriter::State : public std::enable_shared_from_this<BulkWriter::State> {
 public:
  State(http::HttpClient& http, BulkConcurrency& concurrency, const Clock& clock,
        const std::string& index, OnResult on_result);

  void submit(BulkBody body);
  void stop_and_wait();
  size_t bytes_in_flight() const { return bytes_in_flight_; }
  int bodies_wanted() const { return concurrency_.limit() + 1; }

 private:
  using PiecePtr = std::shared_ptr<BulkPiece>;

  // The way out.
  void begin(const std::shared_ptr<BulkSubmission>& submission);
  void open(const PiecePtr& piece);
  void enqueue(const PiecePtr& piece);
  void watch_age(const PiecePtr& piece);
  void send(const PiecePtr& piece);
  void retry_later(const PiecePtr& piece, int retry_after_s);

  // The way back.
  void take_answer(const PiecePtr& piece, http::HttpResponse response);
  void judge(const PiecePtr& piece, http::HttpResponse& response, const BulkAnswer* answer);
  void judge_overload(const PiecePtr& piece, int retry_after_s);
  void judge_refusal(const PiecePtr& piece, http::HttpResponse& response);
  void judge_items(const PiecePtr& piece, const BulkAnswer& answer, int retry_after_s);
  bool settle_item(BulkPiece& piece, uint32_t item, int status, const ClusterError* error);
  void split(const PiecePtr& piece);
  void close_unusable(const PiecePtr& piece, ItemOutcome::Kind kind, const std::string& reason,
                      bool needs_person);
  void close_stale(const PiecePtr& piece);
  void close(const PiecePtr& piece, ItemOutcome::Kind kind);
  void deliver(BulkSubmission& submission);

  void stop();
  void give_up();
  bool is_too_old(const BulkPiece& piece) const;
  Duration backoff(int attempts, int retry_after_s);

  http::HttpClient& http_;
  BulkConcurrency& concurrency_;
  const Clock& clock_;
  const std::string path_;
  const OnResult on_result_;

  std::atomic<size_t> bytes_in_flight_{0};
  std::mutex mutex_;
  std::condition_variable all_delivered_;
  size_t submissions_open_ = 0;  // guarded by mutex_

  // The loop thread's own.
  std::unordered_set<PiecePtr> pieces_;  // those not closed
  BulkAnswerParser parser_;
  std::minstd_rand random_;
  bool stopping_ = false;
  // Of several documents: learned where the cluster refused larger bodies by 429 again and again.
  size_t body_bytes_max_ = std::numeric_limits<size_t>::max();
  uint64_t taken_ = 0;  // requests that the cluster worked off
};

}  // namespace syncline::index

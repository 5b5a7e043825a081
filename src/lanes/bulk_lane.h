// BulkLane: a lane's way to the cluster and back: bodies out, answers in.
//
// Owner: Stream and Loader, one each. Called on the lane's thread; answers come in on the HTTP
// loop's. Place in the flow: body → [BulkWriter → answer] → handle_answer.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "compose/plan_context.h"
#include "index/bulk_writer.h"
#include "lanes/bell.h"
#include "model/bulk.h"

namespace syncline::lanes {

class BulkLane {
 public:
  // The bell rings with each answer. Both arguments outlive the lane.
  BulkLane(compose::PlanContext& context, Bell& bell);

  // Never blocks; the lane bounds what is under way by what these say.
  void submit(BulkBody body) { writer_->submit(std::move(body)); }
  size_t bytes_in_flight() const { return writer_->bytes_in_flight(); }
  int bodies_wanted() const { return writer_->bodies_wanted(); }

  // The answers since the last call.
  std::deque<BulkResult> take_answers();

  // Ends the lane. The documents of answers that nobody took and whose outcome is unknown: their
  // requests may still arrive at the cluster.
  std::vector<std::string> close();

 private:
  std::mutex mutex_;
  std::deque<BulkResult> answers_;             // protected by mutex_
  std::unique_ptr<index::BulkWriter> writer_;  // goes first, and waits for what is under way
};

}  // namespace syncline::lanes

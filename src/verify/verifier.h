// Verifier: compares an index with its tables, and mends it where that was asked for.
//
// Owner: PlanRunner. A thread of its own beside the stream, from construction to destruction; what
// was asked for is taken from the VerifyStore, and begun again when the plan starts again. Two
// passes without an order: over the documents of the index, each page of them composed (extra,
// different), and over the rows of the index jobs, each page's documents asked for (missing). A
// difference counts only if it is the same at a second look, with every change that was committed
// before the first one in the index by then, and no change in between. It works half of the time,
// so that the plan, the database and the cluster have the other half; a page of ids is all that it
// holds.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "capture/position.h"
#include "compose/composer.h"
#include "compose/plan_context.h"
#include "postgres/catalog.h"
#include "verify/verify_store.h"

namespace syncline::verify {

class Verifier {
 public:
  struct Events {
    // When the last load ended (wall clock, µs), if the plan is loaded and swept and no job of it
    // paused: what index and tables say should then be one.
    std::function<std::optional<int64_t>()> live_since;
    // Every change that was committed before this call. Then: whether they are all in the index.
    std::function<Result<std::vector<capture::Position>>()> mark;
    std::function<bool(const std::vector<capture::Position>&)> passed;
    // Composes these documents, strangers too; repaired() is called when they are done.
    std::function<void(std::vector<std::string>)> repair;
    // Whatever had no rows is gone, strangers included.
    std::function<void()> no_strangers;
  };

  // All outlive it.
  Verifier(compose::PlanContext& context, VerifyStore& store, Events events);
  ~Verifier();  // stops and joins

  struct Finding {
    Difference difference;
    int64_t seq_no = -1;  // of the stored document
  };

  // From other threads: something was asked for; the documents to repair were composed.
  void wake();
  void repaired();

 private:
  void run();
  std::optional<VerifyRequest> next_request();
  Duration ask_if_due(int64_t live_since_us);
  Status verify();
  Status check_documents();
  Status check_rows();
  Status check_rows_of(const compose::Member& member, const postgres::LeafInfo& leaf, double share);
  Status check_row_ids(const std::vector<std::string>& ids);
  Status check(std::vector<std::string> ids);
  Result<std::vector<Finding>> look(std::span<const std::string> ids);
  Status compare(std::span<const std::string> ids, const compose::Composition& composition,
                 std::vector<Finding>& findings);
  Status wait_until_passed();
  Status settle(const std::vector<Finding>& confirmed);
  Status repair(const std::vector<Finding>& confirmed);
  void count(const Finding& finding);
  void tell();
  // The other half of the time since `begun`. Error: it is not to go on.
  Status rest(TimePoint begun);
  bool sleep(Duration duration);
  bool outdated() const;

  compose::PlanContext& context_;
  VerifyStore& store_;
  const Events events_;
  StopSignal stop_;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool woken_up_ = false;  // protected by mutex_
  bool repaired_ = false;  // likewise

  // The verifier's thread alone:
  std::unique_ptr<compose::Composer> composer_;
  VerifyRequest request_;
  VerifyReport report_;

  std::thread thread_;
};

}  // namespace syncline::verify

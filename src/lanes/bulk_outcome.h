// What becomes of documents that were composed or sent: done, parked, or to be composed again.
//
// Called by a lane, on its thread. Place in the flow: bulk answer → [counted, parked, versions
// raised] → WorkTable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/composer.h"
#include "compose/plan_context.h"
#include "model/bulk.h"

namespace syncline::lanes {

// What a bulk result asks of its lane; handle_answer has counted and parked already.
struct Handled {
  std::vector<std::string> done;     // written, deleted or parked
  std::vector<std::string> deleted;  // of those, the ones deleted
  std::vector<std::string> again;    // compose again
  std::vector<std::string> unknown;  // of `again`: the request may still arrive at the cluster
  std::optional<Error> trouble;      // the cluster cannot be used: retry or needs_person
};

// Parks the documents of a composition that cannot be sent, durably before it returns, and forgets
// those that are gone. What it returns is done.
Result<std::vector<std::string>> park_unsendable(compose::PlanContext& context,
                                                 compose::Composition& composition);

// Deals with the outcomes of one body: parks what the cluster refused (durably, before it returns),
// forgets what was parked and has been written, and raises the counter above versions that are not
// this plan's. Error: parking failed, or the cluster was asked and did not answer.
Result<Handled> handle_answer(compose::PlanContext& context, BulkResult result);

}  // namespace syncline::lanes

#include "lanes/bulk_outcome.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "lanes/refusal_watch.h"
#include "lanes/write_trouble.h"

namespace syncline::lanes {

namespace {

// A conflict means that somebody newer was here: one of our lanes, unless the stored version lies
// above all that this plan ever took. Then it is another tool's, or an older life's, and the
// document is composed again above it.
Status handle_conflicts(compose::PlanContext& context, const std::vector<std::string>& ids,
                        Handled& handled) {
  for (size_t begin = 0; begin < ids.size(); begin += index::IndexAdmin::kIdsMax) {
    const size_t end = std::min(ids.size(), begin + index::IndexAdmin::kIdsMax);
    const std::vector<std::string> page(ids.begin() + static_cast<ptrdiff_t>(begin),
                                        ids.begin() + static_cast<ptrdiff_t>(end));
    const int64_t highest = context.versions->highest();
    SYNCLINE_ASSIGN(const std::vector<index::FoundDocument> stored, context.admin.versions(page));
    int64_t foreign = 0;
    std::vector<std::string> above;
    for (const index::FoundDocument& document : stored) {
      if (document.version <= highest) continue;
      foreign = std::max(foreign, document.version);
      above.push_back(document.id);
    }
    if (!above.empty()) SYNCLINE_RETURN_IF_ERROR(context.versions->raise_above(foreign));
    for (const std::string& id : page) {
      const bool compose_again = std::find(above.begin(), above.end(), id) != above.end();
      (compose_again ? handled.again : handled.done).push_back(id);
      if (!compose_again) context.counts.conflicts.add();
    }
  }
  return {};
}

retry::ParkedDocument parked_document(const compose::PlanContext& context, const std::string& id,
                                      int64_t version, ItemOutcome outcome) {
  retry::ParkedDocument parked;
  parked.plan = context.plan;
  parked.job = context.home().name();
  parked.id = id;
  parked.status = outcome.status;
  parked.type = std::move(outcome.type);
  parked.reason = std::move(outcome.reason);
  parked.version = version;
  parked.first_at_us = parked.last_at_us = context.clock.wall_time_us();
  return parked;
}

// A delete of what was not there is none.
void count_done(compose::DocumentCounts& counts, BulkAction action, int status) {
  if (action == BulkAction::index) {
    counts.indexed.add();
  } else if (status != 404) {
    counts.deleted.add();
  }
}

// One line in the log for each body: a poisoned table must not fill the disk.
Status park(compose::PlanContext& context, const std::vector<retry::ParkedDocument>& documents) {
  if (documents.empty()) return {};
  const retry::ParkedDocument& first = documents.front();
  spdlog::warn("{}: {} documents parked, the first: {} {}: {}", context.plan, documents.size(),
               first.status, first.type, mask_values(first.reason));
  SYNCLINE_RETURN_IF_ERROR(context.parked.add(documents));
  failpoint("parked_committed");
  return {};
}

// Forgets what was parked for a composition of this version or an older one. Compositions of
// foreign documents have none; there are never two of one document at a time.
Status unpark(compose::PlanContext& context, const std::vector<std::string>& ids, int64_t version) {
  return context.parked.remove(context.plan, ids,
                               context.owned ? version : retry::ParkedStore::kAnyVersion);
}

}  // namespace

Result<std::vector<std::string>> park_unsendable(compose::PlanContext& context,
                                                 compose::Composition& composition) {
  std::vector<std::string> done = std::move(composition.nothing_to_do);
  const int64_t version = composition.body.version;
  SYNCLINE_RETURN_IF_ERROR(unpark(context, done, version));
  for (retry::ParkedDocument& parked : composition.unsendable) {
    parked.plan = context.plan;
    parked.version = version;
    parked.first_at_us = parked.last_at_us = context.clock.wall_time_us();
    done.push_back(parked.id);
  }
  SYNCLINE_RETURN_IF_ERROR(park(context, composition.unsendable));
  context.refusals.take(0, composition.unsendable);
  return done;
}

Result<Handled> handle_answer(compose::PlanContext& context, BulkResult result) {
  failpoint("bulk_acknowledged");
  Handled handled;
  if (result.unavailable) {
    handled.trouble = result.needs_person
                          ? Error::needs_person(result.unavailable_reason, Origin::cluster)
                          : Error::retry(result.unavailable_reason, Origin::cluster);
    context.write_trouble.failed(*handled.trouble);
  }
  std::vector<retry::ParkedDocument> refused;
  std::vector<std::string> conflicts;
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    ItemOutcome& outcome = result.outcomes[i];
    BulkItem& item = result.body.items[i];
    switch (outcome.kind) {
      case ItemOutcome::Kind::done:
        if (item.action == BulkAction::remove) handled.deleted.push_back(item.id);
        count_done(context.counts, item.action, outcome.status);
        handled.done.push_back(std::move(item.id));
        break;
      case ItemOutcome::Kind::conflict:
        // Of a foreign document: its owner changed it meanwhile.
        (context.owned ? conflicts : handled.again).push_back(std::move(item.id));
        break;
      case ItemOutcome::Kind::refused:
        refused.push_back(
            parked_document(context, item.id, result.body.version, std::move(outcome)));
        break;
      case ItemOutcome::Kind::unknown:
        handled.unknown.push_back(item.id);
        handled.again.push_back(std::move(item.id));
        break;
      case ItemOutcome::Kind::stale:
        handled.again.push_back(std::move(item.id));
        break;
    }
  }
  SYNCLINE_RETURN_IF_ERROR(handle_conflicts(context, conflicts, handled));
  SYNCLINE_RETURN_IF_ERROR(unpark(context, handled.done, result.body.version));
  SYNCLINE_RETURN_IF_ERROR(park(context, refused));
  context.refusals.take(static_cast<int64_t>(handled.done.size()), refused);
  for (retry::ParkedDocument& parked : refused) handled.done.push_back(std::move(parked.id));
  return handled;
}

}  // namespace syncline::lanes

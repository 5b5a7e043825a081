// The part of Source that keeps its watches in order: compares tables with their fingerprints, and
// draws the consequences.
#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "capture/publications.h"
#include "capture/source.h"

namespace syncline::capture {

namespace {

constexpr auto kTablesInterval = std::chrono::seconds(2);
constexpr auto kUnfinishedInterval = std::chrono::seconds(60);
// A partition that joins with more than this is loaded instead of logged row by row.
constexpr int64_t kLoggedLeafBytesMax = 64 << 20;
constexpr int64_t kBlockBytes = 8192;

bool contains(const std::vector<uint32_t>& oids, uint32_t oid) {
  return std::find(oids.begin(), oids.end(), oid) != oids.end();
}

}  // namespace

Result<TableState> Source::read_table_state(postgres::Session& session,
                                            const TableColumns& table) const {
  return fingerprints_.read(session, table);
}

// Each difference is acted on once: the fingerprint is stored anew by the plan that has looked at
// the table, which may take until somebody mends it.
Status Source::check_tables_when_due(postgres::Session& session) {
  if (clock_.now() - tables_checked_at_ < kTablesInterval) return {};
  // What a plan has installed and not yet stored is no difference.
  const std::unique_lock admin(admin_mutex_, std::try_to_lock);
  if (!admin) return {};
  tables_checked_at_ = clock_.now();
  SYNCLINE_ASSIGN(const bool complete, capture_.is_complete(session));
  SYNCLINE_RETURN_IF_ERROR(check_publications(session));
  // Connecting again makes it anew.
  if (!complete)
    return Error::retry("parts of schema " + capture_.schema() + " are missing", Origin::database,
                        "3F000");
  SYNCLINE_ASSIGN(const auto differences, fingerprints_.compare(session));
  std::map<int, std::string> acted_on;
  for (const Fingerprints::Difference& difference : differences) {
    const auto known = differences_.find(difference.watch);
    acted_on[difference.watch] = difference.digest;
    if (known != differences_.end() && known->second == difference.digest) continue;
    if (difference.rows_lost) {
      SYNCLINE_RETURN_IF_ERROR(
          start_over(session, difference.watch, "changed: " + difference.what));
    } else {
      spdlog::info("source {}: watch {}: looking at the table anew ({})", spec_.name,
                   difference.watch, difference.what);
      restart_plans(difference.watch);
    }
  }
  // What is as it was again (a column renamed back) lets failed jobs go on.
  for (const auto& [watch, digest] : differences_) {
    if (acted_on.count(watch) == 0) restart_plans(watch);
  }
  differences_ = std::move(acted_on);
  retry_unfinished_when_due();
  return {};
}

// Whoever starts looks whether the table is free by now.
void Source::retry_unfinished_when_due() {
  if (clock_.now() - unfinished_tried_at_ < duration("retry_unfinished", kUnfinishedInterval))
    return;
  unfinished_tried_at_ = clock_.now();
  std::set<int> watches;
  {
    const std::lock_guard lock(mutex_);
    watches = unfinished_;
  }
  for (const int watch : watches) restart_plans(watch);
}

// What is made when our tables are there already cannot be kept from holding them.
Status Source::check_publications(postgres::Session& session) {
  if (spec_.publish_all_tables_ok) return {};
  SYNCLINE_ASSIGN(const Publications found, find_publications(session, spec_.capture_schema));
  std::string warning;
  if (!found.names.empty()) {
    warning = "publication " + found.names + " holds the tables of schema " + capture_.schema() +
              " as well: a subscriber that does not have them stops replicating" +
              (found.slots.empty() ? "" : " (replication slot " + found.slots + ")") +
              "; publish tables by name instead of all, or set publish_all_tables_ok: true in the"
              " source's config";
  }
  const std::lock_guard lock(mutex_);
  if (!warning.empty() && published_.empty()) spdlog::warn("source {}: {}", spec_.name, warning);
  published_ = std::move(warning);
  return {};
}

Status Source::start_over(postgres::Session& session, int watch, const std::string& why) {
  spdlog::warn("source {}: watch {}: loading again ({})", spec_.name, watch, why);
  SYNCLINE_ASSIGN([[maybe_unused]] const postgres::Rows done,
                  session.query("UPDATE " + capture_.schema() +
                                    ".member SET definition = ''"
                                    " WHERE watch = $1::int AND definition <> ''",
                                {std::to_string(watch)}));
  set_reload_reason(watch, "loading again: " + why);
  restart_plans(watch);
  return {};
}

Status Source::end_loading(int watch, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const auto session,
                  sessions_.acquire(postgres::SessionPool::Use::short_work, stop));
  return capture_.end_loading(*session, watch);
}

Status Source::forget_others(postgres::Session& session,
                             const std::set<std::pair<std::string, std::string>>& wanted,
                             const StopSignal& stop) {
  SYNCLINE_RETURN_IF_ERROR(plan_store_.forget_others(session, wanted));
  return capture_.drop_unused_watches(session, stop);
}

// A crash of any of its processes makes the server empty them.
Status Source::check_unlogged_tables(postgres::Session& session) {
  SYNCLINE_ASSIGN(const bool kept, capture_.keeps_unlogged_tables(session));
  if (kept) return {};
  const std::lock_guard admin(admin_mutex_);
  SYNCLINE_ASSIGN(const std::vector<int> watches, capture_.watches_of_unlogged_tables(session));
  for (const int watch : watches) {
    SYNCLINE_RETURN_IF_ERROR(
        start_over(session, watch, "the server crashed, which empties unlogged tables"));
  }
  return capture_.unlogged_tables_noted(session);
}

Result<Source::WatchStart> Source::bring_up_watch(
    postgres::Session& session, const postgres::TableInfo& table, const WatchRequest& request,
    const TableColumns& name, const TableState& described, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const int known, capture_.find_watch(session, table, request));
  std::optional<Fingerprints::Difference> difference;
  if (known != 0) {
    SYNCLINE_ASSIGN(difference, fingerprints_.compare(session, known));
    if (difference && difference->rows_lost)
      SYNCLINE_RETURN_IF_ERROR(start_over(session, known, "changed: " + difference->what));
  }
  const bool anew = difference && difference->rows_lost;
  SYNCLINE_ASSIGN(const InstalledWatch installed,
                  capture_.ensure_watch(session, table, request, anew, stop));
  const TableColumns read = {name.schema, name.table, request.read_columns};
  // Whatever is altered from here on will differ from what is stored.
  SYNCLINE_ASSIGN(const auto states, fingerprints_.read(session, installed.id, read, name.columns));
  const TableState& now = states.watched;
  if (!states.described.same_table(described)) {
    // What was put in order is no difference, else it would look like somebody's doing.
    SYNCLINE_RETURN_IF_ERROR(fingerprints_.store_capture(session, installed.id, now));
    return Error::retry("the table was altered just now; it is looked at again");
  }
  if (known != 0 && difference && !difference->rows_lost)
    SYNCLINE_RETURN_IF_ERROR(find_changes_of_partitions(session, table, request, known, now));
  SYNCLINE_RETURN_IF_ERROR(fingerprints_.store(session, installed.id, read, now));
  differences_.erase(installed.id);
  if (known == 0 || difference) SYNCLINE_RETURN_IF_ERROR(capture_.grant_to_readers(session));
  // Others that share the watch look at the table anew; the caller just did.
  if (difference) restart_plans(installed.id);
  const std::lock_guard lock(mutex_);
  warnings_[installed.id] = installed.warnings;
  if (installed.unfinished) {
    unfinished_.insert(installed.id);
  } else {
    unfinished_.erase(installed.id);
  }
  return WatchStart{installed.id, generation_};
}

// The rows of a partition that joined were written without our triggers, those of one that left
// went without.
Status Source::find_changes_of_partitions(postgres::Session& session,
                                          const postgres::TableInfo& table,
                                          const WatchRequest& request, int watch,
                                          const TableState& now) {
  SYNCLINE_ASSIGN(const auto before, fingerprints_.stored_relations(session, watch));
  if (!before) return {};
  const std::vector<uint32_t> after = now.relations();
  bool every_row = std::any_of(before->begin(), before->end(),
                               [&](uint32_t oid) { return !contains(after, oid); });
  for (const postgres::LeafInfo& leaf : table.leaves) {
    if (contains(*before, leaf.oid)) continue;
    if (leaf.blocks * kBlockBytes > kLoggedLeafBytesMax)
      return start_over(session, watch, "partition " + leaf.qualified_name + " was attached");
    SYNCLINE_RETURN_IF_ERROR(capture_.log_rows(session, watch, request.link, leaf));
    // It may have been truncated before we watched it.
    every_row = every_row || now.has_other_file(leaf.oid);
  }
  return every_row ? capture_.log_every_row(session, watch) : Status();
}

void Source::set_reload_reason(int watch, std::string reason) {
  const std::lock_guard lock(mutex_);
  reloads_[watch] = std::move(reason);
}

std::vector<std::string> Source::warnings(int watch) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  if (const auto reload = reloads_.find(watch); reload != reloads_.end())
    found.push_back(reload->second);
  if (const auto known = warnings_.find(watch); known != warnings_.end())
    found.insert(found.end(), known->second.begin(), known->second.end());
  if (!published_.empty()) found.push_back(published_);
  return found;
}

void Source::load_ended(int watch) {
  const std::lock_guard lock(mutex_);
  reloads_.erase(watch);
}

}  // namespace syncline::capture

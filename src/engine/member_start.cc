#include "engine/member_start.h"

#include <algorithm>

#include "base/failpoint.h"
#include "postgres/catalog.h"
#include "postgres/session_pool.h"

namespace syncline::engine {

namespace {

constexpr auto kWriterPatience = std::chrono::minutes(1);
constexpr auto kWriterPoll = std::chrono::milliseconds(20);

std::optional<int64_t> estimate_rows(const postgres::TableInfo& table) {
  double rows = 0;
  for (const postgres::LeafInfo& leaf : table.leaves) {
    // Never analyzed: nothing to go by but an empty file.
    if (leaf.rows_estimate < 0 && leaf.blocks > 0) return std::nullopt;
    rows += std::max(0.0, leaf.rows_estimate);
  }
  return static_cast<int64_t>(rows);
}

// Installs the watch. True if the member's record fits and it goes on; else the record is marked,
// so that whatever happens next, the member starts over.
Result<bool> prepare_member(compose::Member& member, const StartOptions& options,
                            const StopSignal& stop) {
  capture::Source& source = *member.source;
  SYNCLINE_ASSIGN(const auto lease,
                  source.sessions().acquire(postgres::SessionPool::Use::short_work, stop));
  postgres::Session& session = *lease;
  const std::lock_guard admin(source.admin_mutex());
  if (stop.raised()) return Error::stop();
  const postgres::Session::PlannedOnce planned(session);
  SYNCLINE_ASSIGN(const capture::Source::WatchStart watch,
                  source.bring_up_watch(
                      session, member.table, compose::watch_request(member, *options.configuration),
                      compose::member_columns(member.config.spec), member.table_state, stop));
  member.generation = watch.generation;
  const capture::PlanRecords records = source.records(options.plan, session);
  SYNCLINE_ASSIGN(auto stored, records.read_member(member.name()));
  if (stored && stored->watch == watch.watch && stored->definition == member.definition &&
      stored->index_uuid == options.index_uuid &&
      stored->resync == member.config.resync_generation) {
    member.record = *std::move(stored);
    return true;
  }
  const bool other_watch = stored && stored->watch != watch.watch;
  member.record = stored ? *std::move(stored) : capture::MemberRecord();
  member.record.watch = watch.watch;
  member.record.definition.clear();
  SYNCLINE_RETURN_IF_ERROR(records.start_member(member.name(), member.record));
  SYNCLINE_RETURN_IF_ERROR(source.capture().begin_loading(session, watch.watch));
  if (other_watch) {
    // Of a table that is gone or no longer has its name; what stays locked, the janitor removes.
    const Status dropped = source.capture().drop_unused_watches(session, stop);
    if (!session.usable()) return dropped.error();
  }
  return false;
}

// Takes the position. The writers that may have run without our triggers, or without the flag that
// a load is under way, are over.
Status begin_member(compose::Member& member, const StartOptions& options, const StopSignal& stop) {
  capture::Source& source = *member.source;
  SYNCLINE_ASSIGN(const auto session,
                  source.sessions().acquire(postgres::SessionPool::Use::short_work, stop));
  const std::lock_guard admin(source.admin_mutex());
  if (source.generation(member.record.watch) > member.generation)
    return Error::retry("the table was altered just now; it is looked at again");
  member.record.definition = member.definition;
  member.record.index_uuid = options.index_uuid;
  member.record.resync = member.config.resync_generation;
  member.record.load = capture::LoadProgress();
  member.record.load.started_us = options.now_us;
  member.record.load.rows_estimate = estimate_rows(member.table);
  const capture::PlanRecords records = source.records(options.plan, *session);
  SYNCLINE_RETURN_IF_ERROR(records.start_member(member.name(), member.record));
  failpoint("position_taken");
  return {};
}

// Waits until the transactions that hold a write lock now are over. Error: retry, when one of them
// lasts for long.
Status wait_for_writers(const compose::Member& member, const StopSignal& stop) {
  const TimePoint patience_ends = std::chrono::steady_clock::now() + kWriterPatience;
  std::optional<capture::Writers> writers;
  for (;;) {
    {
      SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                              postgres::SessionPool::Use::short_work, stop));
      SYNCLINE_ASSIGN(writers, capture::find_writers(*session, member.table, writers));
    }
    if (writers->none()) return {};
    if (std::chrono::steady_clock::now() > patience_ends) {
      return Error::retry("loading begins when the transactions that are writing " +
                          member.table.qualified_name + " have ended (process " +
                          writers->processes + ")");
    }
    if (stop.wait_for(kWriterPoll)) return Error::stop();
  }
}

}  // namespace

Status start_member(compose::Member& member, const StartOptions& options, const StopSignal& stop) {
  SYNCLINE_ASSIGN(const bool goes_on, prepare_member(member, options, stop));
  if (goes_on) return {};
  SYNCLINE_RETURN_IF_ERROR(wait_for_writers(member, stop));
  return begin_member(member, options, stop);
}

}  // namespace syncline::engine

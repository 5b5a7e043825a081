#include "lanes/loader.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "capture/lock_watch.h"

namespace syncline::lanes {

namespace {

// A COPY holds back xmin and an ACCESS SHARE lock: it ends and is resumed after this time, so that
// with what it still has to hand over five minutes are not passed.
constexpr auto kSegmentMax = std::chrono::seconds(290);
constexpr auto kPatience = std::chrono::seconds(5);  // beyond it, for a body to get on its way
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr int64_t kLookedUpBlocks = 128;

}  // namespace

Loader::Loader(compose::PlanContext& context, LoadListener& listener, LaneEvents& events)
    : context_(context),
      listener_(listener),
      events_(events),
      bodies_(context, listener, interrupts_),
      pages_(context, interrupts_, bodies_) {}

Loader::~Loader() {
  interrupts_.stop.raise();
  bodies_.wake();
  if (thread_.joinable()) thread_.join();
}

void Loader::start() {
  thread_ = std::thread([this] {
    Status done = run();
    bodies_.close();
    listener_.segment_ended();
    listener_.load_finished(std::move(done));
  });
}

Status Loader::run() {
  for (const bool index_jobs : {true, false}) {
    for (const auto& member : context_.members) {
      if (member->defines_documents() != index_jobs) continue;
      if (member->record.load.finished_us || member->config.paused) continue;
      Status loaded = is_covered(*member) ? finish_covered(*member) : load_member(*member);
      if (!loaded.ok()) return std::move(loaded).error();
    }
  }
  return {};
}

// Every document was composed since this member's position was taken: all index jobs were loaded
// from the start, then or later.
bool Loader::is_covered(const compose::Member& member) const {
  if (member.defines_documents()) return false;
  return std::all_of(context_.members.begin(), context_.members.end(), [&](const auto& other) {
    if (!other->defines_documents()) return true;
    const capture::LoadProgress& load = other->record.load;
    return load.finished_us && load.started_us >= member.record.load.started_us;
  });
}

Status Loader::finish_covered(compose::Member& member) {
  member_ = &member;
  progress_ = member.record.load;
  SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                          postgres::SessionPool::Use::load, interrupts_.stop));
  SYNCLINE_ASSIGN(progress_.rows_done, member.queries->estimate_rows(*session, member.table));
  return finish(member);
}

Status Loader::load_member(compose::Member& member) {
  member_ = &member;
  progress_ = member.record.load;
  estimate_from_blocks_ = !progress_.rows_estimate && member.table.leaves.size() == 1;
  spdlog::info("job {}: loading {}", member.name(), member.table.qualified_name);
  for (const postgres::LeafInfo& leaf : member.table.leaves) {
    if (leaf.oid < progress_.leaf) continue;
    SYNCLINE_RETURN_IF_ERROR(load_leaf(member, leaf));
  }
  return finish(member);
}

Status Loader::finish(compose::Member& member) {
  progress_.finished_us = context_.clock.wall_time_us();
  progress_.rows_estimate = progress_.rows_done;
  SYNCLINE_RETURN_IF_ERROR(save_progress(member));
  member.record.load = progress_;
  SYNCLINE_RETURN_IF_ERROR(member.source->end_loading(member.record.watch, interrupts_.stop));
  spdlog::info("job {}: loaded {} rows", member.name(), progress_.rows_done);
  return {};
}

Status Loader::load_leaf(compose::Member& member, const postgres::LeafInfo& leaf) {
  if (progress_.leaf != leaf.oid) {
    progress_.leaf = leaf.oid;
    progress_.file_node = 0;
    progress_.block = 0;
  }
  leaf_ = {};
  leaf_.blocks = leaf.blocks;
  for (;;) {
    const Result<bool> loaded = load_segment(member, leaf);
    if (!loaded.ok() && loaded.error().action == Action::park && pages_.direct()) {
      // A row that is too large, or that the server cannot give, ends the COPY: it lies behind the
      // last one that came. Looked up, it is parked alone.
      SYNCLINE_RETURN_IF_ERROR(bodies_.drain());
      report_progress();
      spdlog::warn("job {}: {}: looking up its neighbours", member.name(), loaded.error().message);
      leaf_.by_lookups_until = std::max(pages_.read().block, progress_.block) + kLookedUpBlocks;
      continue;
    }
    if (!loaded.ok()) return loaded.error();
    listener_.segment_ended();
    SYNCLINE_RETURN_IF_ERROR(save_progress(member));
    if (*loaded) return {};
    if (bodies_.stopping()) return Error::stop();
    if (interrupts_.give_way.load())
      return Error::retry("somebody needs the table for itself; going on when it is free");
  }
}

// One COPY, from the first block that is not done. True if it came to the end of the leaf.
Result<bool> Loader::load_segment(compose::Member& member, const postgres::LeafInfo& leaf) {
  interrupts_.end_segment.store(false);
  SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                          postgres::SessionPool::Use::load, interrupts_.stop));
  // The version first, then the rows.
  SYNCLINE_ASSIGN(const int64_t version, context_.versions->take());
  SYNCLINE_ASSIGN(const int process, begin_segment(leaf, *session));
  const bool direct = context_.members.size() == 1 && member.unique() && !by_lookups();
  const int64_t until = by_lookups() ? leaf_.by_lookups_until : 0;
  const LoadCheckpoint::Reached from{progress_.block, progress_.rows_done};
  bodies_.begin(from, leaf_.segment_ends_at + kPatience);
  pages_.begin(member, direct ? LoadPages::Rows::documents : LoadPages::Rows::keys, version, from);
  SYNCLINE_RETURN_IF_ERROR(
      session->begin_copy(member.queries->copy_sql(leaf, progress_.block, until, !direct)));
  SYNCLINE_ASSIGN(const bool complete, copy_leaf(member, *session, process));
  SYNCLINE_RETURN_IF_ERROR(bodies_.drain());
  report_progress();
  if (!complete) return false;
  progress_.rows_done = pages_.rows_read();
  if (until > 0) {
    progress_.block = until;
    return false;  // and on from there
  }
  progress_.leaf = leaf.oid + 1;
  progress_.file_node = 0;
  progress_.block = 0;
  return true;
}

// The COPY itself, to its end if nothing interrupts it: then all that came is on its way.
Result<bool> Loader::copy_leaf(compose::Member& member, postgres::Session& session, int process) {
  capture::LockWatch& locks = member.source->lock_watch();
  const int watched = locks.add(process, [this] { interrupts_.give_way.store(true); });
  Result<bool> complete = copy_rows(member, session);
  locks.remove(watched);
  const Status ended = end_copy(session, complete.ok() && *complete);
  if (!complete.ok()) return complete;
  SYNCLINE_RETURN_IF_ERROR(ended);
  if (*complete) SYNCLINE_RETURN_IF_ERROR(pages_.flush());
  return complete;
}

// Opens the transaction of a COPY. Under its lock, which keeps the leaf's file from being replaced,
// another file than before is noticed, and read from its beginning. Gives the server process that
// reads.
Result<int> Loader::begin_segment(const postgres::LeafInfo& leaf, postgres::Session& session) {
  leaf_.segment_ends_at = context_.clock.now() + duration("load_segment", kSegmentMax);
  SYNCLINE_RETURN_IF_ERROR(session.script("BEGIN; SET LOCAL statement_timeout = '10min'; SELECT 1" +
                                          leaf.rows_from + " LIMIT 0"));
  SYNCLINE_ASSIGN(const postgres::Rows file,
                  session.query("SELECT pg_relation_filenode($1::oid), pg_backend_pid()",
                                {std::to_string(leaf.oid)}));
  if (file.integer(0, 0) != progress_.file_node) {
    progress_.file_node = file.integer(0, 0);
    progress_.block = 0;
  }
  return static_cast<int>(file.integer(0, 1));
}

Status Loader::end_copy(postgres::Session& session, bool complete) {
  if (complete) return session.script("COMMIT");
  // A connection that is gone ends the COPY as well; asking the server to end it might hang.
  if (session.usable()) session.cancel_copy();
  return session.usable() ? session.script("ROLLBACK") : Status();
}

Result<bool> Loader::copy_rows(compose::Member& member, postgres::Session& session) {
  for (;;) {
    SYNCLINE_ASSIGN(const postgres::Session::CopyLine line, session.next_copy_line());
    if (line.data == nullptr) return true;
    SYNCLINE_RETURN_IF_ERROR(pages_.take(line));
    if (pages_.full()) {
      SYNCLINE_RETURN_IF_ERROR(pages_.flush());
      report_progress();
      if (context_.clock.now() - saved_at_ >= kSaveInterval)
        SYNCLINE_RETURN_IF_ERROR(save_progress(member));
      if (context_.clock.now() > leaf_.segment_ends_at) return false;
    }
    if (interrupted()) return false;
  }
}

bool Loader::interrupted() const {
  return interrupts_.end_segment.load(std::memory_order_relaxed) ||
         interrupts_.give_way.load(std::memory_order_relaxed) || bodies_.stopping();
}

// Progress is what was acknowledged without a gap.
void Loader::report_progress() {
  progress_.block = bodies_.reached().block;
  progress_.rows_done = bodies_.reached().rows_before_block;
  if (estimate_from_blocks_ && progress_.block > 0) {
    progress_.rows_estimate =
        progress_.rows_done * std::max(leaf_.blocks, progress_.block) / progress_.block;
  }
  if (progress_.rows_estimate && progress_.rows_done > *progress_.rows_estimate) {
    progress_.rows_estimate = progress_.rows_done;
  }
  events_.loading(*member_, progress_);
}

Status Loader::save_progress(compose::Member& member) {
  events_.loading(*member_, progress_);
  saved_at_ = context_.clock.now();
  return member.source->records(context_.plan, interrupts_.stop)
      .save_load(member.name(), progress_);
}

}  // namespace syncline::lanes

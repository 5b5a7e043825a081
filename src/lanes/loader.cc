#include "lanes/loader.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/failpoint.h"
#include "base/log.h"
#include "compose/owned_composer.h"
#include "lanes/bulk_outcome.h"
#include "lanes/write_trouble.h"

namespace syncline::lanes {

namespace {

constexpr size_t kBodyBytes = 5 << 20;
constexpr size_t kBodySlack = 64 << 10;
constexpr size_t kInFlightBytesMax = 20 << 20;
constexpr size_t kPageIds = 1000;
constexpr size_t kResolvedMax = 10'000;  // documents that some values of a property touch together
// A COPY holds back xmin and an ACCESS SHARE lock: it ends and is resumed after this time, so that
// with what it still has to hand over five minutes are not passed.
constexpr auto kSegmentMax = std::chrono::seconds(290);
constexpr auto kPatience = std::chrono::seconds(5);  // beyond it, for a body to get on its way
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr int64_t kLookedUpBlocks = 128;
constexpr size_t kPageBytesMax = size_t{1} << 20;   // of ids or keys
constexpr size_t kLargeRowBytes = size_t{1} << 20;  // is weighed before it is written
constexpr auto kCheckInterval = std::chrono::milliseconds(100);

int64_t block_of(std::string_view ctid) {
  int64_t block = 0;
  std::from_chars(ctid.data() + 1, ctid.data() + ctid.size(), block);
  return block;
}

}  // namespace

Loader::Loader(compose::PlanContext& context, Events events)
    : context_(context),
      events_(std::move(events)),
      composer_(compose::make_composer(context, stop_)),
      resolver_(compose::make_resolver(context, stop_)) {
  writer_ = std::make_unique<index::BulkWriter>(context.cluster.http(),
                                                context.cluster.concurrency(), context.clock,
                                                context.write_name, [this](BulkResult result) {
                                                  const std::lock_guard lock(mutex_);
                                                  results_.push_back(std::move(result));
                                                  arrived_.notify_all();
                                                });
}

Loader::~Loader() {
  stop_.raise();
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
  writer_.reset();
}

void Loader::start() {
  thread_ = std::thread([this] {
    Status done = run();
    writer_.reset();  // whatever is out has its outcome before anybody loads again
    std::vector<std::string> unknown;
    for (BulkResult& result : results_) {
      for (size_t i = 0; i < result.outcomes.size(); ++i) {
        if (result.outcomes[i].kind == ItemOutcome::Kind::unknown)
          unknown.push_back(std::move(result.body.items[i].id));
      }
    }
    if (!unknown.empty()) events_.outcome_unknown(unknown);
    events_.segment_ended();
    events_.finished(std::move(done));
  });
}

Status Loader::run() {
  for (const bool index_jobs : {true, false}) {
    for (const auto& member : context_.members) {
      if (member->is(JobType::index) != index_jobs) continue;
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
  if (member.is(JobType::index)) return false;
  return std::all_of(context_.members.begin(), context_.members.end(), [&](const auto& other) {
    if (!other->is(JobType::index)) return true;
    const capture::LoadProgress& load = other->record.load;
    return load.finished_us && load.started_us >= member.record.load.started_us;
  });
}

Status Loader::finish_covered(compose::Member& member) {
  member_ = &member;
  progress_ = member.record.load;
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::load, stop_));
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
  SYNCLINE_RETURN_IF_ERROR(save_progress(member, true));
  member.record.load = progress_;
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
  SYNCLINE_RETURN_IF_ERROR(member.source->capture().end_loading(*session, member.record.watch));
  spdlog::info("job {}: loaded {} rows", member.name(), progress_.rows_done);
  return {};
}

Status Loader::load_leaf(compose::Member& member, const postgres::LeafInfo& leaf) {
  if (progress_.leaf != leaf.oid) {
    progress_.leaf = leaf.oid;
    progress_.file_node = 0;
    progress_.block = 0;
  }
  by_lookups_until_ = 0;
  for (;;) {
    const Result<bool> loaded = load_segment(member, leaf);
    if (!loaded.ok() && loaded.error().action == Action::park && direct_) {
      // A row that is too large, or that the server cannot give, ends the COPY: it lies behind the
      // last one that came. Looked up, it is parked alone.
      SYNCLINE_RETURN_IF_ERROR(drain());
      spdlog::warn("job {}: {}: looking up its neighbours", member.name(), loaded.error().message);
      by_lookups_until_ = std::max(read_.block, progress_.block) + kLookedUpBlocks;
      continue;
    }
    if (!loaded.ok()) return loaded.error();
    const bool complete = *loaded;
    events_.segment_ended();
    if (complete) return save_progress(member, true);
    SYNCLINE_RETURN_IF_ERROR(save_progress(member, true));
    if (stop_.raised() || context_.stop.raised()) return Error::stop();
    if (give_way_.load())
      return Error::retry("somebody needs the table for itself; going on when it is free");
  }
}

// One COPY, from the first block that is not done. True if it came to the end of the leaf.
Result<bool> Loader::load_segment(compose::Member& member, const postgres::LeafInfo& leaf) {
  end_segment_.store(false);
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::load, stop_));
  // The version first, then the rows.
  SYNCLINE_ASSIGN(version_, context_.versions->take());
  SYNCLINE_ASSIGN(const int process, begin_segment(leaf, *session));
  direct_ = context_.members.size() == 1 && member.unique() && !by_lookups();
  const int64_t until = by_lookups() ? by_lookups_until_ : 0;
  begin_body();
  marks_.clear();
  page_.clear();
  in_page_.clear();
  page_bytes_ = 0;
  leaf_blocks_ = leaf.blocks;
  rows_ = progress_.rows_done;
  read_ = before_page_ = {progress_.block, progress_.rows_done};
  SYNCLINE_RETURN_IF_ERROR(
      session->begin_copy(member.queries->copy_sql(leaf, progress_.block, until, !direct_)));
  capture::LockWatch& locks = member.source->lock_watch();
  const int watched = locks.add(process, [this] { give_way_.store(true); });
  Result<bool> complete = copy_rows(member, *session);
  locks.remove(watched);
  const Status ended = end_copy(*session, complete.ok() && *complete);
  if (!complete.ok()) return complete;
  SYNCLINE_RETURN_IF_ERROR(ended);
  if (*complete) {
    SYNCLINE_RETURN_IF_ERROR(compose_page());
    SYNCLINE_RETURN_IF_ERROR(flush());
  }
  SYNCLINE_RETURN_IF_ERROR(drain());
  if (*complete && until > 0) {
    progress_.rows_done = rows_;
    progress_.block = until;
    return false;  // and on from there
  }
  if (*complete) {
    progress_.rows_done = rows_;
    progress_.leaf = leaf.oid + 1;
    progress_.file_node = 0;
    progress_.block = 0;
  }
  return complete;
}

// Opens the transaction of a COPY. Under its lock, which keeps the leaf's file from being replaced,
// another file than before is noticed, and read from its beginning. Gives the server process that
// reads.
Result<int> Loader::begin_segment(const postgres::LeafInfo& leaf, postgres::Session& session) {
  segment_ends_at_ = context_.clock.now() + duration("load_segment", kSegmentMax);
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
  const size_t columns = 1 + (direct_ ? member.queries->row_size() : member.queries->link_size());
  for (int64_t count = 0;; ++count) {
    SYNCLINE_ASSIGN(const postgres::Session::CopyLine line, session.next_copy_line());
    if (line.data == nullptr) return true;
    if (!row_.split(line.data, line.size, columns))
      return Error::bug("a COPY line has another number of columns");
    line_bytes_ = line.size;
    SYNCLINE_RETURN_IF_ERROR(take_row(member));
    if (builder_.size_bytes() >= kBodyBytes || page_.size() >= kPageIds ||
        page_bytes_ >= kPageBytesMax) {
      SYNCLINE_RETURN_IF_ERROR(compose_page());
      SYNCLINE_RETURN_IF_ERROR(flush());
      SYNCLINE_RETURN_IF_ERROR(save_progress(member, false));
      if (context_.clock.now() > segment_ends_at_) return false;
    }
    if (interrupted()) return false;
  }
}

Status Loader::take_row(compose::Member& member) {
  const int64_t block = block_of(*row_.fields()[0]);
  if (block != read_.block) read_ = {block, rows_};
  ++rows_;
  if (direct_) {
    return write_row(member);
  }
  auto key = member.key_of(row_.fields().subspan(1));
  if (!key || !in_page_.insert(*key).second) return {};
  page_bytes_ += key->size();
  page_.push_back(*std::move(key));
  return {};
}

Status Loader::write_row(const compose::Member& member) {
  const auto values = row_.fields().subspan(1);
  const auto id = member.codec->encode(values.first(member.queries->link_size()));
  if (!id) return {};
  bool fits = document::BulkBuilder::id_is_sendable(*id);
  if (line_bytes_ > kLargeRowBytes) {
    const size_t bound = member.writer->size_bound(values);
    fits = fits && bound < compose::kDocumentJsonBytesMax;
    if (fits && builder_.size_bytes() + bound > kBodyBytes) {
      SYNCLINE_RETURN_IF_ERROR(flush());
      builder_.bytes().reserve(bound + kBodySlack);
    }
  }
  if (fits) {
    builder_.begin_document(*id);
    builder_.bytes() += '{';
    member.writer->append_members(values, 1, builder_.bytes());
    if (builder_.end_document()) return {};
  }
  page_bytes_ += id->size();
  page_.push_back(*id);  // the composer says why it is parked
  return {};
}

// Documents whose rows must be looked up: several members, or several rows for one id.
Status Loader::compose_page() {
  if (member_->is(JobType::property)) {
    SYNCLINE_RETURN_IF_ERROR(compose_keys(*member_, page_));
  } else {
    SYNCLINE_RETURN_IF_ERROR(compose_ids(page_));
  }
  page_.clear();
  in_page_.clear();
  page_bytes_ = 0;
  before_page_ = read_;
  return {};
}

Status Loader::compose_ids(std::span<const std::string> ids) {
  while (!ids.empty()) {
    SYNCLINE_ASSIGN(compose::Composition composition, composer_->compose(ids));
    const auto unsent = park_unsendable(context_, composition);
    if (!unsent.ok()) return unsent.error();
    // Of the page's bodies none is the last one for sure.
    if (!composition.body.items.empty())
      SYNCLINE_RETURN_IF_ERROR(submit(std::move(composition.body), before_page_));
    if (!composition.again.empty()) SYNCLINE_RETURN_IF_ERROR(compose_ids(composition.again));
    ids = ids.subspan(composition.documents);
  }
  return {};
}

// All documents that these values of a property touch: together while they are few.
Status Loader::compose_keys(const compose::Member& property, std::span<const std::string> keys) {
  if (keys.empty()) return {};
  if (stop_.raised() || context_.stop.raised()) return Error::stop();
  SYNCLINE_ASSIGN(const auto page, resolver_->all(property, keys, kResolvedMax));
  if (page) return compose_resolved(*page);
  if (keys.size() == 1) return compose_key_by_pages(property, keys.front());
  const size_t half = keys.size() / 2;
  SYNCLINE_RETURN_IF_ERROR(compose_keys(property, keys.first(half)));
  return compose_keys(property, keys.subspan(half));
}

Status Loader::compose_key_by_pages(const compose::Member& property, const std::string& key) {
  std::string resume;
  for (;;) {
    SYNCLINE_ASSIGN(const compose::ResolvedPage page, resolver_->page(property, key, resume));
    SYNCLINE_RETURN_IF_ERROR(compose_resolved(page));
    if (!page.resume) return {};
    if (stop_.raised() || context_.stop.raised()) return Error::stop();
    resume = *page.resume;
  }
}

Status Loader::compose_resolved(const compose::ResolvedPage& page) {
  const std::set<std::string> distinct(page.ids.begin(), page.ids.end());
  SYNCLINE_RETURN_IF_ERROR(compose_ids(std::vector(distinct.begin(), distinct.end())));
  // Further properties, as deep as they compare with one another.
  std::map<const compose::Member*, std::vector<std::string>> keys;
  for (const auto& [property, key] : page.keys) keys[property].push_back(key);
  for (const auto& [property, own] : keys) SYNCLINE_RETURN_IF_ERROR(compose_keys(*property, own));
  return {};
}

Status Loader::flush() {
  if (builder_.empty()) return handle_results(false);
  BulkBody body = builder_.take();
  body.read_at = context_.clock.now();
  SYNCLINE_RETURN_IF_ERROR(submit(std::move(body), read_));
  begin_body();
  return {};
}

// With its room at once: growing by doubling would hold, and copy, twice as much.
void Loader::begin_body() {
  builder_.begin(version_, context_.clock.now());
  if (direct_) builder_.bytes().reserve(kBodyBytes + kBodySlack);
}

Status Loader::submit(BulkBody body, const Reached& reached) {
  SYNCLINE_RETURN_IF_ERROR(wait_for_room());
  body.tag = next_tag_++;
  marks_.push_back({body.tag, false, reached});
  writer_->submit(std::move(body));
  return {};
}

bool Loader::interrupted() const {
  return end_segment_.load(std::memory_order_relaxed) ||
         give_way_.load(std::memory_order_relaxed) || stop_.raised() || context_.stop.raised();
}

// A COPY that cannot go on does not hold its lock and its snapshot for long.
Status Loader::check_patience() const {
  if (give_way_.load())
    return Error::retry("somebody needs the table for itself; going on when it is free");
  if (context_.clock.now() > segment_ends_at_ + kPatience)
    return Error::retry("the cluster takes no documents; going on when it does");
  return {};
}

Status Loader::wait_for_room() {
  while (static_cast<int>(marks_.size()) >= writer_->bodies_wanted() ||
         writer_->bytes_in_flight() > kInFlightBytesMax) {
    SYNCLINE_RETURN_IF_ERROR(handle_results(true));
    if (stop_.raised() || context_.stop.raised()) return Error::stop();
    SYNCLINE_RETURN_IF_ERROR(check_patience());
  }
  return handle_results(false);
}

Status Loader::drain() {
  while (!marks_.empty()) {
    SYNCLINE_RETURN_IF_ERROR(handle_results(true));
    if (stop_.raised() || context_.stop.raised()) return Error::stop();
  }
  return {};
}

Status Loader::handle_results(bool wait) {
  std::deque<BulkResult> results;
  {
    std::unique_lock lock(mutex_);
    if (wait && results_.empty()) arrived_.wait_for(lock, kCheckInterval);
    results.swap(results_);
  }
  std::optional<Error> trouble;
  for (BulkResult& result : results) {
    const uint64_t tag = result.body.tag;
    SYNCLINE_ASSIGN(const Handled handled, handle_answer(context_, std::move(result)));
    if (!handled.unknown.empty()) events_.outcome_unknown(handled.unknown);
    if (handled.trouble) trouble = handled.trouble;
    if (handled.again.empty()) {
      acknowledge(tag);
    } else if (!trouble) {
      // Versions that were not ours, or a body that grew too old: this part of the table is read
      // again.
      trouble = Error::retry("some documents have to be read again");
    }
  }
  if (trouble) return *std::move(trouble);
  return {};
}

// Progress is what was acknowledged without a gap.
void Loader::acknowledge(uint64_t tag) {
  for (Mark& mark : marks_) {
    if (mark.tag == tag) mark.acknowledged = true;
  }
  while (!marks_.empty() && marks_.front().acknowledged) {
    progress_.block = marks_.front().reached.block;
    progress_.rows_done = marks_.front().reached.rows_before_block;
    marks_.pop_front();
    context_.write_trouble.over();
  }
  report_progress();
}

void Loader::report_progress() {
  if (estimate_from_blocks_ && progress_.block > 0) {
    progress_.rows_estimate =
        progress_.rows_done * std::max(leaf_blocks_, progress_.block) / progress_.block;
  }
  if (progress_.rows_estimate && progress_.rows_done > *progress_.rows_estimate) {
    progress_.rows_estimate = progress_.rows_done;
  }
  events_.progress(*member_, progress_);
}

Status Loader::save_progress(compose::Member& member, bool now) {
  report_progress();
  if (!now && context_.clock.now() - saved_at_ < kSaveInterval) return {};
  saved_at_ = context_.clock.now();
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
  return member.source->plan_store().save_load(*session, context_.plan, member.name(), progress_);
}

}  // namespace syncline::lanes

#include "lanes/stream.h"

#include <algorithm>
#include <set>

#include "base/failpoint.h"
#include "base/log.h"
#include "lanes/bulk_outcome.h"
#include "lanes/write_trouble.h"
#include "postgres/session_pool.h"

namespace syncline::lanes {

namespace {

// Known to the table at once; past that no more keys are read.
constexpr size_t kDocumentsMax = FanOut::kDocumentsMax;
constexpr size_t kIdBytesMax = size_t{16} << 20;
constexpr size_t kBatchesMax = 256;  // open at once
constexpr size_t kComposeMax = 1000;
constexpr auto kComposeFor = std::chrono::milliseconds(50);
constexpr size_t kInFlightBytesMax = 24 << 20;
// Refused again, each costs a write to the list: few enough that a change waits for milliseconds.
constexpr size_t kParkedMax = 200;
constexpr size_t kDeletesToConfirmMax = 100'000;
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr auto kIndexInterval = std::chrono::seconds(1);
// Where a bulk could make the index: before each that follows a pause.
constexpr auto kIndexUnguardedInterval = std::chrono::milliseconds(100);
constexpr auto kIndexIdleInterval = std::chrono::seconds(10);  // with nothing to write into it
constexpr auto kHeadInterval = std::chrono::seconds(3);
constexpr auto kIdleWait = std::chrono::milliseconds(500);
constexpr auto kNapMin = std::chrono::milliseconds(10);

}  // namespace

Stream::Stream(compose::PlanContext& context, LaterList& later, Start start, Events events)
    : context_(context),
      later_(later),
      start_(std::move(start)),
      sweep_options_(start_.sweep),
      events_(std::move(events)),
      composer_(compose::make_composer(context, context.stop)),
      fan_out_(context, table_, fan_out_feed()),
      foreign_sweep_(context, start_.swept),
      foreign_full_due_(!start_.swept),
      read_at_(context.members.size()),
      more_(context.members.size(), false) {
  writer_ = std::make_unique<index::BulkWriter>(context.cluster.http(),
                                                context.cluster.concurrency(), context.clock,
                                                context.write_name, [this](BulkResult result) {
                                                  const std::lock_guard lock(mutex_);
                                                  inbox_.results.push_back(std::move(result));
                                                  arrived_.notify_all();
                                                });
  for (const auto& member : context_.members) {
    if (!member->config.paused) {
      member->subscription = member->source->subscribe(member->record.watch, [this] { wake(); });
    }
  }
}

Stream::~Stream() {
  for (const auto& member : context_.members) {
    if (member->subscription != 0) member->source->unsubscribe(member->subscription);
    member->subscription = 0;
  }
  writer_.reset();  // waits for the answers
  std::vector<std::string> unknown = std::move(inbox_.unknown);
  for (BulkResult& result : inbox_.results) {
    for (size_t i = 0; i < result.outcomes.size(); ++i) {
      if (result.outcomes[i].kind == ItemOutcome::Kind::unknown)
        unknown.push_back(std::move(result.body.items[i].id));
    }
  }
  if (!unknown.empty()) later_.add(unknown, context_.clock.now() + 2 * index::kBulkTimeout);
}

void Stream::wake() {
  const std::lock_guard lock(mutex_);
  inbox_.woken = true;
  arrived_.notify_all();
}

void Stream::repair(std::vector<std::string> ids) {
  const std::lock_guard lock(mutex_);
  inbox_.repair = std::move(ids);
  inbox_.woken = true;
  arrived_.notify_all();
}

void Stream::load_started() {
  loading_ = true;
}

void Stream::segment_ended() {
  const std::lock_guard lock(mutex_);
  inbox_.segment_ended = true;
  arrived_.notify_all();
}

void Stream::load_finished(Status status) {
  const std::lock_guard lock(mutex_);
  inbox_.load_finished = std::move(status);
  arrived_.notify_all();
}

void Stream::outcome_unknown(const std::vector<std::string>& ids) {
  const std::lock_guard lock(mutex_);
  inbox_.unknown.insert(inbox_.unknown.end(), ids.begin(), ids.end());
}

Status Stream::run() {
  Status status;
  while (status.ok() && !context_.stop.raised()) {
    status = step();
    if (status.ok()) wait();
  }
  const Status saved = save_positions(true);
  return status.ok() ? saved : status;
}

Status Stream::step() {
  SYNCLINE_RETURN_IF_ERROR(take_inbox());
  SYNCLINE_RETURN_IF_ERROR(check_surroundings());
  SYNCLINE_RETURN_IF_ERROR(read_members());
  SYNCLINE_RETURN_IF_ERROR(check_index());
  follow_head();
  SYNCLINE_RETURN_IF_ERROR(fan_out_.step());
  SYNCLINE_RETURN_IF_ERROR(context_.owned ? step_sweep() : step_foreign_sweep());
  SYNCLINE_RETURN_IF_ERROR(queue_parked());
  SYNCLINE_RETURN_IF_ERROR(compose_waiting());
  end_repair();
  see_whether_writes_work();
  SYNCLINE_RETURN_IF_ERROR(collect_positions());
  return save_positions(false);
}

void Stream::wait() {
  // There is more to read and room for it: no need to wait.
  if (has_room() && std::find(more_.begin(), more_.end(), true) != more_.end()) return;
  if (may_compose() || fan_out_.has_work() || sweep_has_work()) return;
  std::unique_lock lock(mutex_);
  const auto news = [&] {
    return inbox_.woken || !inbox_.results.empty() || inbox_.segment_ended ||
           inbox_.load_finished || context_.stop.raised();
  };
  Duration nap = kIdleWait;
  if (!context_.owned)
    nap = std::clamp<Duration>(foreign_sweep_at_ - context_.clock.now(), kNapMin, kIdleWait);
  arrived_.wait_for(lock, nap, news);
  inbox_.woken = false;
}

// A page is done, so the next can be read.
bool Stream::sweep_has_work() const {
  if (!table_.feed_is_clear(sweep_feed())) return false;
  return sweep_ ? !loading_ : foreign_sweep_.begun();
}

Status Stream::take_inbox() {
  Inbox taken;
  {
    const std::lock_guard lock(mutex_);
    std::swap(taken, inbox_);
  }
  for (BulkResult& result : taken.results)
    SYNCLINE_RETURN_IF_ERROR(handle_result(std::move(result)));
  if (!taken.unknown.empty())
    later_.add(taken.unknown, context_.clock.now() + 2 * index::kBulkTimeout);
  if (taken.segment_ended) confirm_deletes();
  if (!taken.repair.empty()) {
    context_.strangers_too = repairing_ = true;
    queue(repair_feed(), taken.repair, WorkTable::Haste::patient);
  }
  if (taken.load_finished) {
    loading_ = false;
    SYNCLINE_RETURN_IF_ERROR(std::move(*taken.load_finished));
    SYNCLINE_RETURN_IF_ERROR(events_.loaded());
  }
  const LaterList::Due due = later_.take_due(context_.clock.now());
  queue(later_feed(), due.ids, WorkTable::Haste::patient);
  return due.every_document ? request_sweep() : Status();
}

Status Stream::handle_result(BulkResult result) {
  SYNCLINE_ASSIGN(Handled handled, handle_answer(context_, std::move(result)));
  for (const std::string& id : handled.done) table_.done(id);
  for (const std::string& id : handled.again) table_.again(id);
  if (!handled.unknown.empty())
    later_.add(handled.unknown, context_.clock.now() + 2 * index::kBulkTimeout);
  if (loading_) {
    // A row that the load read before it was deleted may still be on its way, and the cluster's
    // memory of the delete is weak.
    deleted_while_loading_.insert(deleted_while_loading_.end(), handled.deleted.begin(),
                                  handled.deleted.end());
    if (deleted_while_loading_.size() > kDeletesToConfirmMax) events_.end_segment();
  }
  if (handled.trouble) return *std::move(handled.trouble);
  return {};
}

void Stream::confirm_deletes() {
  queue(confirm_feed(), std::exchange(deleted_while_loading_, {}), WorkTable::Haste::urgent);
}

void Stream::queue(int feed, const std::vector<std::string>& ids, WorkTable::Haste haste) {
  if (ids.empty()) return;
  const uint64_t batch = table_.begin_batch(feed, haste);
  for (const std::string& id : ids) table_.add(batch, id);
  table_.seal(batch, std::nullopt);
}

bool Stream::has_room() const {
  return table_.size() < kDocumentsMax && table_.id_bytes() < kIdBytesMax &&
         table_.open_batches() < kBatchesMax && !fan_out_.resolving();
}

Status Stream::read_members() {
  for (size_t feed = 0; feed < context_.members.size(); ++feed) {
    compose::Member& member = *context_.members[feed];
    if (member.subscription == 0 || !has_room()) continue;
    if (!more_[feed] && !member.source->take_touched(member.subscription)) continue;
    SYNCLINE_RETURN_IF_ERROR(read_member(feed));
  }
  return {};
}

// What waited when the plan started is written: a cluster may take one document and not the next.
// While it loads, the loader tells.
void Stream::see_whether_writes_work() {
  if (writes_work_ || loading_) return;
  if (!first_batches_) {
    for (size_t feed = 0; feed < context_.members.size(); ++feed) {
      if (context_.members[feed]->subscription != 0 && read_at_[feed] == TimePoint()) return;
    }
    first_batches_ = table_.last_batch();
  }
  if (!table_.ended(*first_batches_)) return;
  writes_work_ = true;
  context_.write_trouble.over();
}

Result<capture::ChangeBatch> Stream::read_batch(compose::Member& member) {
  SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                          postgres::SessionPool::Use::short_work, context_.stop));
  SYNCLINE_ASSIGN(capture::ChangeBatch batch, member.cursor->read(*session));
  if (batch.keys_lost) {
    const std::lock_guard admin(member.source->admin_mutex());
    SYNCLINE_RETURN_IF_ERROR(member.source->start_over(
        *session, member.record.watch, "rows were written while a column of the id was gone"));
  }
  return batch;
}

Status Stream::read_member(size_t feed) {
  compose::Member& member = *context_.members[feed];
  more_[feed] = true;
  while (more_[feed] && has_room()) {
    // Only to read: what comes of it takes connections of its own.
    SYNCLINE_ASSIGN(const capture::ChangeBatch batch, read_batch(member));
    read_at_[feed] = context_.clock.now();
    more_[feed] = !batch.at_head;
    if (batch.keys_lost) return Status();  // the member starts over
    if (std::find(batch.keys.begin(), batch.keys.end(), std::nullopt) != batch.keys.end()) {
      // TRUNCATE: every document is to be composed. Durable before the position can move past it.
      SYNCLINE_RETURN_IF_ERROR(request_sweep());
    }
    add_keys(feed, batch);
  }
  return {};
}

// Every document is to be composed: noted durably before a position can move past the reason.
Status Stream::request_sweep() {
  const compose::Member& home = context_.home();
  const capture::PlanStore& store = home.source->plan_store();
  // While one is due already, its mark is stored (and may say more: a resync).
  if (!context_.owned || !sweep_options_) {
    SYNCLINE_ASSIGN(const auto session, home.source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, context_.stop));
    SYNCLINE_RETURN_IF_ERROR(context_.owned
                                 ? store.set_shape(*session, context_.plan, std::nullopt)
                                 : store.set_swept(*session, context_.plan, std::nullopt));
  }
  sweep_after_batch_ = table_.last_batch() + 1;  // the one that is being read
  if (context_.owned) {
    sweep_.reset();
    sweep_options_ = SweepOptions{0, context_.strangers_below};
  } else {
    foreign_sweep_.start_over();
    foreign_full_due_ = true;
    foreign_sweep_at_ = {};
  }
  events_.sweep_due();
  // Parked documents may not be in the index that the sweep walks.
  context_.parked.hasten_all(context_.plan, context_.clock.wall_time_us());
  return {};
}

void Stream::add_keys(size_t feed, const capture::ChangeBatch& batch) {
  const compose::Member& member = *context_.members[feed];
  const uint64_t number = table_.begin_batch(static_cast<int>(feed));
  const bool property = member.is(JobType::property);
  std::set<std::string> keys;
  for (const std::optional<std::string>& logged : batch.keys) {
    if (!logged) continue;
    auto key = member.key_of_logged(*logged);
    if (!key) continue;
    if (property) {
      keys.insert(*std::move(key));
    } else {
      table_.add(number, *key);
    }
  }
  if (property) {
    fan_out_.add(member, number, {keys.begin(), keys.end()}, batch.position);
  } else {
    table_.seal(number, batch.position);
  }
}

Status Stream::step_sweep() {
  if (loading_ || !sweep_options_ || !table_.feed_is_clear(sweep_feed())) return {};
  if (!sweep_) {
    if (!table_.ended(sweep_after_batch_)) return {};
    if (sweep_options_->since_version == 0) {
      SYNCLINE_ASSIGN(sweep_options_->since_version, context_.versions->take());
    }
    sweep_ = std::make_unique<Sweep>(context_.admin, *sweep_options_);
  }
  SYNCLINE_ASSIGN(const std::vector<std::string> ids, sweep_->next_page());
  queue(sweep_feed(), ids, WorkTable::Haste::patient);
  if (!sweep_->done()) return {};
  const int64_t strangers = sweep_->strangers();
  sweep_.reset();
  sweep_options_.reset();
  context_.strangers_below = context_.strangers_below_after_resync;
  return end_sweep(strangers);
}

Status Stream::end_sweep(int64_t strangers) {
  const compose::Member& home = context_.home();
  const capture::PlanStore& store = home.source->plan_store();
  SYNCLINE_ASSIGN(const auto session, home.source->sessions().acquire(
                                          postgres::SessionPool::Use::short_work, context_.stop));
  SYNCLINE_RETURN_IF_ERROR(store.set_strangers(*session, context_.plan, strangers));
  SYNCLINE_RETURN_IF_ERROR(store.set_shape(*session, context_.plan, start_.shape));
  events_.swept(strangers);
  return {};
}

// One page at a time: the next is read when the last is done.
Status Stream::step_foreign_sweep() {
  if (!table_.feed_is_clear(sweep_feed())) return {};
  if (!foreign_sweep_.begun()) {
    const TimePoint now = context_.clock.now();
    if (now < foreign_sweep_at_ || !table_.ended(sweep_after_batch_)) return {};
    foreign_sweep_at_ = now + foreign_sweep_interval();
    foreign_sweep_is_full_ = foreign_sweep_.is_full();
    foreign_swept_ = 0;
    SYNCLINE_RETURN_IF_ERROR(foreign_sweep_.begin());
  }
  if (foreign_sweep_.done()) return end_foreign_sweep();
  SYNCLINE_ASSIGN(const std::vector<std::string> ids, foreign_sweep_.next_page());
  foreign_swept_ += static_cast<int64_t>(ids.size());
  queue(sweep_feed(), ids, WorkTable::Haste::patient);
  return ids.empty() ? end_foreign_sweep() : Status();
}

// What came just after a round began is looked at by the next: well before the time is up.
Duration Stream::foreign_sweep_interval() const {
  int seconds = context_.members.front()->config.spec.foreign_sweep_seconds;
  for (const auto& member : context_.members)
    seconds = std::min(seconds, member->config.spec.foreign_sweep_seconds);
  return std::chrono::milliseconds(seconds * 700);
}

Status Stream::end_foreign_sweep() {
  const auto swept = foreign_sweep_.finish();
  if (swept) {
    const compose::Member& home = context_.home();
    SYNCLINE_ASSIGN(const auto session, home.source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, context_.stop));
    SYNCLINE_RETURN_IF_ERROR(home.source->plan_store().set_swept(*session, context_.plan, swept));
  }
  const bool start_over = foreign_sweep_.is_full() && !context_.index_is_missing;
  if (!foreign_full_due_ || !foreign_sweep_is_full_ || start_over) return {};
  foreign_full_due_ = false;
  SYNCLINE_RETURN_IF_ERROR(finish_foreign_loads());
  return end_sweep(0);
}

// Every document was composed with the rows of every member.
Status Stream::finish_foreign_loads() {
  for (const auto& member : context_.members) {
    capture::LoadProgress& load = member->record.load;
    if (load.finished_us) continue;
    SYNCLINE_ASSIGN(const auto session, member->source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, context_.stop));
    load.finished_us = context_.clock.wall_time_us();
    load.rows_done = foreign_swept_;
    load.rows_estimate = foreign_swept_;
    SYNCLINE_RETURN_IF_ERROR(
        member->source->plan_store().save_load(*session, context_.plan, member->name(), load));
    SYNCLINE_RETURN_IF_ERROR(member->source->capture().end_loading(*session, member->record.watch));
    events_.progress(*member, load);
  }
  return {};
}

bool Stream::may_compose() const {
  return table_.waiting() > 0 && writer_->bytes_in_flight() < kInFlightBytesMax;
}

// For no longer than single changes may wait to be read; what is left is gone on with at once.
Status Stream::compose_waiting() {
  const TimePoint until = context_.clock.now() + kComposeFor;
  while (may_compose() && context_.clock.now() < until) {
    const std::vector<std::string> ids = table_.take(kComposeMax);
    SYNCLINE_ASSIGN(compose::Composition composition, composer_->compose(ids));
    for (size_t i = composition.documents; i < ids.size(); ++i) table_.again(ids[i]);
    for (const std::string& id : composition.again) table_.again(id);
    SYNCLINE_ASSIGN(const auto unsent, park_unsendable(context_, composition));
    for (const std::string& id : unsent) table_.done(id);
    if (!composition.body.items.empty()) writer_->submit(std::move(composition.body));
  }
  return {};
}

// Parked documents that are due, a page at a time, while nothing else wants to be composed.
Status Stream::queue_parked() {
  if (!table_.feed_is_clear(parked_feed())) return {};
  SYNCLINE_ASSIGN(const auto ids, context_.retries.take_due(context_.plan, kParkedMax));
  queue(parked_feed(), ids, WorkTable::Haste::patient);
  return {};
}

void Stream::end_repair() {
  if (!repairing_ || !table_.feed_is_clear(repair_feed())) return;
  context_.strangers_too = repairing_ = false;
  events_.repaired();
}

Status Stream::collect_positions() {
  for (size_t feed = 0; feed < context_.members.size(); ++feed) {
    auto position = table_.take_position(static_cast<int>(feed));
    if (!position) continue;
    events_.reached(*context_.members[feed], *position);
    unsaved_[feed] = *std::move(position);
  }
  return {};
}

// The one place where a position moves: everything up to it is acknowledged or parked, and deletes
// made during a load are confirmed.
Status Stream::save_positions(bool now) {
  if (unsaved_.empty() || (!now && context_.clock.now() - saved_at_ < kSaveInterval)) return {};
  if (!deleted_while_loading_.empty() || !table_.feed_is_clear(confirm_feed())) return {};
  saved_at_ = context_.clock.now();
  failpoint("position_before_move");
  for (const auto& [feed, position] : unsaved_) {
    compose::Member& member = *context_.members[feed];
    SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, never_));
    SYNCLINE_RETURN_IF_ERROR(member.source->plan_store().save_position(*session, context_.plan,
                                                                       member.name(), position));
  }
  failpoint("position_moved");
  unsaved_.clear();
  return {};
}

Status Stream::check_surroundings() {
  for (const auto& member : context_.members) {
    // Whatever generation it is from: it may have come between two looks of a plan that started.
    if (auto error = member->source->error()) {
      return std::move(*error)
          .prefixed("source " + member->source->spec().name)
          .blaming(member->name());
    }
    if (member->source->generation(member->record.watch) > member->generation)
      return Error::retry("the source's tables are looked at anew");
  }
  return {};
}

// Whether it is the index that was prepared, and still this plan's. One that was deleted must be
// made by us, with its mappings.
Status Stream::check_index() {
  const bool guarded = context_.write_name != context_.admin.index();
  const Duration busy = guarded ? Duration(kIndexInterval) : Duration(kIndexUnguardedInterval);
  const auto interval = table_.size() > 0 || loading_ ? busy : Duration(kIndexIdleInterval);
  if (context_.clock.now() - index_checked_at_ < interval) return {};
  index_checked_at_ = context_.clock.now();
  SYNCLINE_ASSIGN(const auto index, context_.admin.describe());
  const std::string uuid = index ? index->uuid : "";
  if (uuid != start_.index_uuid) {
    if (!index) return Error::retry("the index was deleted; it is created and loaded again");
    return Error::retry(start_.index_uuid.empty()
                            ? "the index is there now; its documents are looked at"
                            : "the index was replaced by another one; it is loaded again");
  }
  if (index && index->owner != start_.index_owner)
    return Error::retry("the index has another keeper; it is looked at anew");
  return {};
}

// Members without changes follow the head, so that what they have to look through stays short.
void Stream::follow_head() {
  if (context_.clock.now() - head_followed_at_ < kHeadInterval) return;
  head_followed_at_ = context_.clock.now();
  for (size_t feed = 0; feed < context_.members.size(); ++feed) {
    compose::Member& member = *context_.members[feed];
    if (member.subscription == 0 || more_[feed] || !table_.feed_is_clear(static_cast<int>(feed)))
      continue;
    auto head = member.source->untouched_head(member.subscription, read_at_[feed]);
    if (!head) continue;
    events_.reached(member, *head);
    member.cursor->skip_to(*std::move(head));
  }
}

}  // namespace syncline::lanes

#include "lanes/stream.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "lanes/bulk_outcome.h"
#include "lanes/write_trouble.h"

namespace syncline::lanes {

namespace {

constexpr size_t kComposeMax = 1000;
constexpr auto kComposeFor = std::chrono::milliseconds(50);
constexpr size_t kInFlightBytesMax = 24 << 20;
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr auto kHeadInterval = std::chrono::seconds(3);

}  // namespace

Stream::Feeds::Feeds(compose::PlanContext& context, WorkTable& table, LaterList& later_list,
                     SweepStart start, LaneEvents& events)
    : load(table),
      sweep(make_sweep(context, table, load, events, std::move(start))),
      later(later_list, context.clock, table, *sweep),
      fan_out(context, table),
      parked(context, table),
      repair(context, table, events) {}

Stream::Stream(compose::PlanContext& context, LaterList& later, Start start, LaneEvents& events)
    : context_(context),
      events_(events),
      feeds_(context, table_, later, std::move(start.sweep), events),
      index_watch_(context, std::move(start.index)),
      composer_(compose::make_composer(context, context.stop)),
      lane_(context, bell_) {
  const KeyFeed::Outlets outlets{table_, feeds_.fan_out, *feeds_.sweep};
  for (const auto& member : context_.members) {
    if (member->config.paused) continue;
    auto changes = member->source->open_feed(member->record.watch, member->record.position,
                                             context.stop, [this] { bell_.ring(); });
    feeds_.keys.push_back(std::make_unique<KeyFeed>(context, *member, outlets, std::move(changes)));
  }
  feeds_.all = {&feeds_.load, &feeds_.later};
  for (const auto& keys : feeds_.keys) feeds_.all.push_back(keys.get());
  feeds_.all.insert(feeds_.all.end(),
                    {&feeds_.fan_out, feeds_.sweep.get(), &feeds_.parked, &feeds_.repair});
}

Stream::~Stream() {
  feeds_.all.clear();
  feeds_.keys.clear();  // nobody wakes it any more
  std::vector<std::string> unknown = lane_.close();
  unknown.insert(unknown.end(), inbox_.news.unknown.begin(), inbox_.news.unknown.end());
  feeds_.later.add(unknown);
}

void Stream::repair(std::vector<std::string> ids) {
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.news.repair = std::move(ids);
  }
  bell_.ring();
}

void Stream::segment_ended() {
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.news.segment_ended = true;
  }
  bell_.ring();
}

void Stream::load_finished(Status status) {
  {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.news.load_finished = std::move(status);
  }
  bell_.ring();
}

void Stream::outcome_unknown(std::vector<std::string> ids) {
  const std::lock_guard lock(inbox_.mutex);
  inbox_.news.unknown.insert(inbox_.news.unknown.end(), std::make_move_iterator(ids.begin()),
                             std::make_move_iterator(ids.end()));
}

Status Stream::run() {
  Status status;
  while (status.ok() && !context_.stop.raised()) {
    status = step();
    if (status.ok()) rest();
  }
  const Status saved = save_positions();
  return status.ok() ? saved : status;
}

Status Stream::step() {
  bell_.clear();
  SYNCLINE_RETURN_IF_ERROR(take_answers());
  SYNCLINE_RETURN_IF_ERROR(take_news());
  SYNCLINE_RETURN_IF_ERROR(check_sources());
  for (Feed* feed : feeds_.all) SYNCLINE_RETURN_IF_ERROR(feed->step());
  const bool writing = table_.size() > 0 || feeds_.load.running();
  SYNCLINE_RETURN_IF_ERROR(
      index_watch_.check(writing ? IndexWatch::Writing::yes : IndexWatch::Writing::no));
  follow_heads();
  SYNCLINE_RETURN_IF_ERROR(compose_waiting());
  see_whether_writes_work();
  SYNCLINE_RETURN_IF_ERROR(collect_positions());
  if (context_.clock.now() - saved_at_ < kSaveInterval) return {};
  return save_positions();
}

// Until there is news, or a feed wants to go on.
void Stream::rest() {
  Duration longest = Feed::kRestMax;
  for (const Feed* feed : feeds_.all) longest = std::min(longest, feed->rest());
  if (longest == Duration::zero() || may_compose() || context_.stop.raised()) return;
  bell_.wait_for(longest);
}

Status Stream::take_news() {
  News news;
  {
    const std::lock_guard lock(inbox_.mutex);
    std::swap(news, inbox_.news);
  }
  feeds_.later.add(news.unknown);
  if (news.segment_ended) feeds_.load.confirm();
  if (!news.repair.empty()) feeds_.repair.add(news.repair);
  if (!news.load_finished) return {};
  feeds_.load.end();
  SYNCLINE_RETURN_IF_ERROR(std::move(*news.load_finished));
  return events_.loaded();
}

// All of them, whatever one says: each may hold documents whose outcome is unknown.
Status Stream::take_answers() {
  Status first;
  for (BulkResult& answer : lane_.take_answers()) {
    Status taken = take_answer(std::move(answer));
    if (first.ok()) first = std::move(taken);
  }
  return first;
}

Status Stream::take_answer(BulkResult answer) {
  SYNCLINE_ASSIGN(Handled handled, handle_answer(context_, std::move(answer)));
  for (const std::string& id : handled.done) table_.done(id);
  for (const std::string& id : handled.again) table_.again(id);
  feeds_.later.add(handled.unknown);
  if (feeds_.load.deleted(handled.deleted)) events_.end_segment();
  if (handled.trouble) return *std::move(handled.trouble);
  return {};
}

Status Stream::check_sources() {
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

void Stream::follow_heads() {
  if (context_.clock.now() - heads_followed_at_ < kHeadInterval) return;
  heads_followed_at_ = context_.clock.now();
  for (const auto& keys : feeds_.keys) {
    if (const auto head = keys->follow_head()) events_.reached(keys->member(), *head);
  }
}

bool Stream::may_compose() const {
  return table_.waiting() > 0 && lane_.bytes_in_flight() < kInFlightBytesMax;
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
    if (!composition.body.items.empty()) lane_.submit(std::move(composition.body));
  }
  return {};
}

// What waited when the plan started is written: a cluster may take one document and not the next.
// While it loads, the loader tells.
void Stream::see_whether_writes_work() {
  if (first_writes_.done || feeds_.load.running()) return;
  if (!first_writes_.batch) {
    const auto was_read = [](const auto& keys) { return keys->was_read(); };
    if (!std::all_of(feeds_.keys.begin(), feeds_.keys.end(), was_read)) return;
    first_writes_.batch = table_.last_batch();
  }
  if (!table_.ended(*first_writes_.batch)) return;
  first_writes_.done = true;
  context_.write_trouble.over();
}

Status Stream::collect_positions() {
  for (const auto& keys : feeds_.keys) {
    SYNCLINE_ASSIGN(const auto reached, keys->take_reached());
    if (reached) events_.reached(keys->member(), *reached);
  }
  return {};
}

// Everything up to there is acknowledged or parked, and deletes made during a load are confirmed.
Status Stream::save_positions() {
  const auto unsaved = [](const auto& keys) { return keys->progress().unsaved(); };
  if (std::none_of(feeds_.keys.begin(), feeds_.keys.end(), unsaved)) return {};
  if (feeds_.load.holds_positions()) return {};
  saved_at_ = context_.clock.now();
  failpoint("position_before_move");
  for (const auto& keys : feeds_.keys) SYNCLINE_RETURN_IF_ERROR(keys->progress().save());
  failpoint("position_moved");
  return {};
}

}  // namespace syncline::lanes

#include "lanes/sequence_sweep.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "index/document_reader.h"
#include "index/index_admin.h"

namespace syncline::lanes {

namespace {

constexpr auto kNapMin = std::chrono::milliseconds(10);
// What came just after a round began is looked at by the next: well before the time is up.
constexpr int kRoundMsPerSecond = 700;

// "0:17,1:4": shard and sequence number.
std::string text_of(const std::map<int, int64_t>& seen) {
  std::string text;
  for (const auto& [shard, number] : seen) {
    if (!text.empty()) text += ',';
    text += std::to_string(shard) + ":" + std::to_string(number);
  }
  return text;
}

std::map<int, int64_t> parse_seen(const std::string& text) {
  std::map<int, int64_t> seen;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int shard = 0;
    int64_t number = 0;
    const auto first = std::from_chars(at, end, shard);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return {};
    const auto second = std::from_chars(first.ptr + 1, end, number);
    if (second.ec != std::errc()) return {};
    seen[shard] = number;
    at = second.ptr + 1;
  }
  return seen;
}

}  // namespace

SequenceSweep::SequenceSweep(compose::PlanContext& context, WorkTable& table, LaneEvents& events,
                             SweepStart start)
    : Sweep(context, table, events, std::move(start.shape)), full_due_(!start.swept) {
  if (start.swept) seen_ = parse_seen(*start.swept);
}

SequenceSweep::~SequenceSweep() {
  end_scroll();
}

void SequenceSweep::end_scroll() {
  if (!round_ || round_->scroll_id.empty()) return;
  context_.admin.end_scroll(round_->scroll_id);
  round_->scroll_id.clear();
}

Status SequenceSweep::note_request() {
  return context_.records().set_swept(std::nullopt);
}

void SequenceSweep::start_over() {
  seen_.clear();
  if (round_) round_->counts = false;
  full_due_ = true;
  next_at_ = {};
}

Duration SequenceSweep::interval() const {
  int seconds = context_.members.front()->config.spec.foreign_sweep_seconds;
  for (const auto& member : context_.members)
    seconds = std::min(seconds, member->config.spec.foreign_sweep_seconds);
  return std::chrono::milliseconds(seconds * kRoundMsPerSecond);
}

Duration SequenceSweep::rest() const {
  if (round_ && table_.feed_is_clear(feed_)) return Duration::zero();
  return std::clamp<Duration>(next_at_ - context_.clock.now(), kNapMin, kRestMax);
}

Status SequenceSweep::step() {
  if (!table_.feed_is_clear(feed_)) return {};
  if (!round_) {
    const TimePoint now = context_.clock.now();
    if (now < next_at_ || !may_begin()) return {};
    next_at_ = now + interval();
    SYNCLINE_RETURN_IF_ERROR(begin_round());
  }
  if (round_->shards.empty()) return end_round();
  SYNCLINE_ASSIGN(const std::vector<std::string> ids, next_page());
  round_->documents += static_cast<int64_t>(ids.size());
  table_.add_all(feed_, ids, WorkTable::Haste::patient);
  return ids.empty() ? end_round() : Status();
}

// How far the shards are first, then the refresh: a search then sees all up to there.
Status SequenceSweep::begin_round() {
  round_.emplace(Round());
  round_->full = seen_.empty();
  if (context_.index_is_missing) return {};
  SYNCLINE_ASSIGN(round_->target, context_.documents.checkpoints());
  for (const auto& [shard, number] : round_->target) {
    const auto seen = seen_.find(shard);
    if (seen == seen_.end() || seen->second < number) round_->shards[shard] = number;
  }
  return round_->shards.empty() ? Status() : context_.admin.refresh();
}

Result<std::vector<std::string>> SequenceSweep::next_page() {
  std::vector<std::string> ids;
  while (ids.empty() && !round_->shards.empty()) {
    index::IndexAdmin::ScrollPage page;
    if (round_->scroll_id.empty()) {
      const auto [shard, number] = *round_->shards.begin();
      const auto seen = seen_.find(shard);
      const int64_t above = seen == seen_.end() ? -1 : seen->second;
      SYNCLINE_ASSIGN(page, context_.admin.begin_scroll(index::changed_query(above, number), shard,
                                                        index::IndexAdmin::kIdsMax));
    } else {
      SYNCLINE_ASSIGN(page, context_.admin.next_page(round_->scroll_id));
    }
    round_->scroll_id = page.scroll_id;
    for (index::FoundDocument& document : page.documents) ids.push_back(std::move(document.id));
    if (!ids.empty()) continue;
    end_scroll();
    round_->shards.erase(round_->shards.begin());
  }
  return ids;
}

Status SequenceSweep::end_round() {
  const Round round = *std::exchange(round_, std::nullopt);
  if (round.counts && round.target != seen_) {
    seen_ = round.target;
    SYNCLINE_RETURN_IF_ERROR(context_.records().set_swept(text_of(seen_)));
  }
  const bool once_more = seen_.empty() && !context_.index_is_missing;
  if (!full_due_ || !round.full || once_more) return {};
  full_due_ = false;
  SYNCLINE_RETURN_IF_ERROR(finish_loads(round.documents));
  return end(0);
}

// Every document was composed with the rows of every member.
Status SequenceSweep::finish_loads(int64_t documents) {
  for (const auto& member : context_.members) {
    capture::LoadProgress& load = member->record.load;
    if (load.finished_us) continue;
    load.finished_us = context_.clock.wall_time_us();
    load.rows_done = documents;
    load.rows_estimate = documents;
    SYNCLINE_RETURN_IF_ERROR(context_.records(*member).save_load(member->name(), load));
    SYNCLINE_RETURN_IF_ERROR(member->source->end_loading(member->record.watch, context_.stop));
    events_.loading(*member, load);
  }
  return {};
}

}  // namespace syncline::lanes

#include "lanes/fan_out.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"

namespace syncline::lanes {

namespace {

constexpr size_t kInlineMax = 1000;  // documents of keys that are resolved at once
constexpr size_t kGroupMax = 500;    // keys asked for together
constexpr size_t kGroupBytesMax = size_t{8} << 20;
constexpr size_t kSliceIds = 250;  // of a page of the lane
constexpr size_t kSlicesMax = 4;   // in the table at once: single changes wait for no more
constexpr int kEntriesMax = 100;

}  // namespace

FanOut::FanOut(compose::PlanContext& context, WorkTable& table)
    : context_(context),
      table_(table),
      feed_(table.open_feed()),
      resolver_(compose::make_resolver(context, context.stop)),
      group_size_(kGroupMax) {}

void FanOut::add(const compose::Member& property, uint64_t batch, std::vector<std::string> keys,
                 std::optional<capture::Position> position) {
  Pending pending{batch, {}, std::move(position)};
  for (std::string& key : keys) pending.keys.emplace_back(&property, std::move(key));
  pending_.push_back(std::move(pending));
}

bool FanOut::has_work() const {
  if (!pending_.empty() && table_.size() < kDocumentsMax) return true;
  if (entries_.empty()) return more_stored_;
  if (!page_) return true;
  if (page_->taken < page_->ids.size()) return table_.open_batches(feed_) < kSlicesMax;
  return table_.feed_is_clear(feed_);
}

Status FanOut::step() {
  while (!pending_.empty() && table_.size() < kDocumentsMax)
    SYNCLINE_RETURN_IF_ERROR(resolve_some());
  return step_lane();
}

// The keys of one property that stand together at the end of the first batch.
Status FanOut::resolve_some() {
  Pending& pending = pending_.front();
  if (pending.keys.empty()) {
    table_.seal(pending.batch, std::move(pending.position));
    pending_.pop_front();
    return {};
  }
  const compose::Member& property = *pending.keys.back().first;
  std::vector<std::string> group;
  size_t bytes = 0;
  for (auto key = pending.keys.rbegin(); key != pending.keys.rend() && key->first == &property &&
                                         group.size() < group_size_ && bytes < kGroupBytesMax;
       ++key) {
    group.push_back(key->second);
    bytes += key->second.size();
  }
  SYNCLINE_ASSIGN(auto page, resolver_->all(property, group, kInlineMax));
  if (!page && group.size() > 1) {
    group_size_ = std::max<size_t>(1, group.size() / 2);
    return {};
  }
  if (!page) SYNCLINE_RETURN_IF_ERROR(store(property, group.front()));
  pending.keys.resize(pending.keys.size() - group.size());
  if (!page) return {};
  for (const std::string& id : page->ids) table_.add(pending.batch, id);
  pending.keys.insert(pending.keys.end(), std::make_move_iterator(page->keys.begin()),
                      std::make_move_iterator(page->keys.end()));
  group_size_ = std::min(kGroupMax, group_size_ * 2);
  return {};
}

// Durable before the batch that brought the key can end.
Status FanOut::store(const compose::Member& property, const std::string& key) {
  SYNCLINE_RETURN_IF_ERROR(context_.records(property).add_fan_out(property.name(), key));
  failpoint("fan_out_stored");
  more_stored_ = true;
  for (Entry& entry : entries_) {
    if (entry.member != &property || entry.record.key != key) continue;
    if (&entry == &entries_.front() && page_) restart_ = true;
    entry.record.resume.clear();
  }
  return {};
}

Status FanOut::step_lane() {
  if (entries_.empty() && more_stored_) SYNCLINE_RETURN_IF_ERROR(fetch_entries());
  if (entries_.empty()) return {};
  if (!page_) SYNCLINE_RETURN_IF_ERROR(begin_page());
  take_slices();
  // Sealed batches of the lane's feed are gone when all that they touch is done.
  if (page_->taken == page_->ids.size() && table_.feed_is_clear(feed_)) return end_page();
  return {};
}

Status FanOut::fetch_entries() {
  more_stored_ = false;
  for (const auto& member : context_.members) {
    if (!member->is_found_by_value() || member->config.paused) continue;
    SYNCLINE_ASSIGN(auto records, context_.records(*member).fan_outs(member->name(), kEntriesMax));
    for (capture::FanOutRecord& record : records)
      entries_.push_back({member.get(), std::move(record)});
  }
  // Those beyond the limit are asked for when these are done.
  more_stored_ = !entries_.empty();
  return {};
}

Status FanOut::begin_page() {
  const Entry& entry = entries_.front();
  SYNCLINE_ASSIGN(compose::ResolvedPage resolved,
                  resolver_->page(*entry.member, entry.record.key, entry.record.resume));
  page_ = Page{std::move(resolved.ids), 0, std::move(resolved.resume)};
  if (!resolved.keys.empty())
    pending_.push_back({table_.begin_batch(feed_, WorkTable::Haste::patient),
                        std::move(resolved.keys), std::nullopt});
  return {};
}

void FanOut::take_slices() {
  while (page_->taken < page_->ids.size() && table_.open_batches(feed_) < kSlicesMax) {
    const size_t end = std::min(page_->ids.size(), page_->taken + kSliceIds);
    const uint64_t batch = table_.begin_batch(feed_, WorkTable::Haste::patient);
    for (; page_->taken < end; ++page_->taken) table_.add(batch, page_->ids[page_->taken]);
    table_.seal(batch, std::nullopt);
  }
}

// Everything on the page is in the index.
Status FanOut::end_page() {
  Entry& entry = entries_.front();
  const capture::PlanRecords records = context_.records(*entry.member);
  if (restart_ || page_->resume) {
    entry.record.resume = restart_ ? "" : *page_->resume;
    SYNCLINE_RETURN_IF_ERROR(records.save_fan_out(entry.record));
    failpoint("fan_out_page_done");
  } else {
    SYNCLINE_RETURN_IF_ERROR(records.remove_fan_out(entry.record.id));
    entries_.pop_front();
  }
  page_.reset();
  restart_ = false;
  return {};
}

}  // namespace syncline::lanes

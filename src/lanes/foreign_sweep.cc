#include "lanes/foreign_sweep.h"

#include <charconv>
#include <utility>

namespace syncline::lanes {

namespace {

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

ForeignSweep::ForeignSweep(compose::PlanContext& context, const std::optional<std::string>& swept)
    : context_(context) {
  if (swept) seen_ = parse_seen(*swept);
}

ForeignSweep::~ForeignSweep() {
  end_scroll();
}

void ForeignSweep::end_scroll() {
  if (!scroll_id_.empty()) context_.admin.end_scroll(scroll_id_);
  scroll_id_.clear();
}

// How far the shards are first, then the refresh: a search then sees all up to there.
Status ForeignSweep::begin() {
  begun_ = true;
  target_.clear();
  shards_.clear();
  if (context_.index_is_missing) return {};
  SYNCLINE_ASSIGN(target_, context_.documents.checkpoints());
  for (const auto& [shard, number] : target_) {
    const auto seen = seen_.find(shard);
    if (seen == seen_.end() || seen->second < number) shards_[shard] = number;
  }
  if (shards_.empty()) return {};
  return context_.admin.refresh();
}

Result<std::vector<std::string>> ForeignSweep::next_page() {
  std::vector<std::string> ids;
  while (ids.empty() && !done()) {
    index::IndexAdmin::ScrollPage page;
    if (scroll_id_.empty()) {
      const auto [shard, number] = *shards_.begin();
      const auto seen = seen_.find(shard);
      SYNCLINE_ASSIGN(
          page, context_.admin.begin_scroll(
                    index::changed_query(seen == seen_.end() ? -1 : seen->second, number), shard,
                    index::IndexAdmin::kIdsMax));
    } else {
      SYNCLINE_ASSIGN(page, context_.admin.next_page(scroll_id_));
    }
    scroll_id_ = page.scroll_id;
    for (index::FoundDocument& document : page.documents) ids.push_back(std::move(document.id));
    if (!ids.empty()) continue;
    end_scroll();
    shards_.erase(shards_.begin());
  }
  return ids;
}

std::optional<std::string> ForeignSweep::finish() {
  begun_ = false;
  if (std::exchange(start_over_, false) || target_ == seen_) return std::nullopt;
  seen_ = target_;
  return text_of(seen_);
}

}  // namespace syncline::lanes

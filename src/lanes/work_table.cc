#include "lanes/work_table.h"

#include <algorithm>
#include <utility>

namespace syncline::lanes {

namespace {
constexpr uint64_t kPatientTurn = 8;  // every so many takes
}  // namespace

FeedId WorkTable::open_feed() {
  feeds_.emplace_back();
  return static_cast<FeedId>(feeds_.size() - 1);
}

void WorkTable::add_all(FeedId feed, const std::vector<std::string>& ids, Haste haste) {
  if (ids.empty()) return;
  const uint64_t batch = begin_batch(feed, haste);
  for (const std::string& id : ids) add(batch, id);
  seal(batch, std::nullopt);
}

uint64_t WorkTable::begin_batch(FeedId feed, Haste haste) {
  const uint64_t number = next_batch_++;
  of(feed).batches.push_back({number, 0, haste, false, std::nullopt});
  feed_of_.emplace(number, feed);
  return number;
}

WorkTable::Batch* WorkTable::find(uint64_t batch) {
  const auto feed = feed_of_.find(batch);
  if (feed == feed_of_.end()) return nullptr;
  std::deque<Batch>& batches = of(feed->second).batches;
  const auto found =
      std::lower_bound(batches.begin(), batches.end(), batch,
                       [](const Batch& b, uint64_t number) { return b.number < number; });
  return found == batches.end() || found->number != batch ? nullptr : &*found;
}

void WorkTable::add(uint64_t batch, const std::string& id) {
  touches_.touch(id);
  Batch& touching = *find(batch);
  auto [entry, is_new] = documents_.try_emplace(id);
  Document& document = entry->second;
  const bool urgent = touching.haste == Haste::urgent;
  if (is_new) {
    ++waiting_;
    id_bytes_ += id.size();
  }
  if (is_new || (!document.under_way && urgent && !document.urgent)) enqueue(id, document, urgent);
  std::vector<uint64_t>& batches = document.under_way ? document.later_batches : document.batches;
  if (document.under_way) document.touched_again = true;
  if (!batches.empty() && batches.back() == batch) return;
  batches.push_back(batch);
  ++touching.outstanding;
}

void WorkTable::enqueue(const std::string& id, Document& document, bool urgent) {
  document.urgent = urgent;
  (urgent ? urgent_ : patient_).push_back(id);
}

void WorkTable::seal(uint64_t batch, std::optional<capture::Position> position) {
  Batch& sealed = *find(batch);
  sealed.sealed = true;
  sealed.position = std::move(position);
  advance(of(feed_of_.at(batch)));
}

std::vector<std::string> WorkTable::take(size_t max) {
  const bool urgent = ++takes_ % kPatientTurn != 0;
  std::vector<std::string> ids = take_from(urgent ? urgent_ : patient_, urgent, max);
  return ids.empty() ? take_from(urgent ? patient_ : urgent_, !urgent, max) : ids;
}

std::vector<std::string> WorkTable::take_from(std::deque<std::string>& queue, bool urgent,
                                              size_t max) {
  std::vector<std::string> ids;
  for (; !queue.empty() && ids.size() < max; queue.pop_front()) {
    const auto entry = documents_.find(queue.front());
    // Taken from the other queue meanwhile.
    if (entry == documents_.end() || entry->second.under_way || entry->second.urgent != urgent)
      continue;
    entry->second.under_way = true;
    --waiting_;
    ids.push_back(std::move(queue.front()));
  }
  return ids;
}

void WorkTable::done(const std::string& id) {
  const auto entry = documents_.find(id);
  if (entry == documents_.end()) return;
  Document& document = entry->second;
  const std::vector<uint64_t> batches = std::move(document.batches);
  if (document.touched_again) {
    std::vector<uint64_t> later = std::move(document.later_batches);
    document = Document();
    document.batches = std::move(later);
    ++waiting_;
    enqueue(id, document, true);
  } else {
    id_bytes_ -= entry->first.size();
    documents_.erase(entry);
  }
  release(batches);
}

void WorkTable::again(const std::string& id) {
  const auto entry = documents_.find(id);
  if (entry == documents_.end() || !entry->second.under_way) return;
  Document& document = entry->second;
  document.batches.insert(document.batches.end(), document.later_batches.begin(),
                          document.later_batches.end());
  document.later_batches.clear();
  document.under_way = document.touched_again = false;
  ++waiting_;
  enqueue(id, document, true);
}

void WorkTable::release(const std::vector<uint64_t>& batches) {
  for (const uint64_t number : batches) {
    Batch* batch = find(number);
    if (batch == nullptr) continue;
    --batch->outstanding;
    advance(of(feed_of_.at(number)));
  }
}

void WorkTable::advance(OpenFeed& feed) {
  while (!feed.batches.empty() && feed.batches.front().sealed &&
         feed.batches.front().outstanding == 0) {
    Batch& ended = feed.batches.front();
    if (ended.position) feed.reached = Reached{ended.number, *std::move(ended.position)};
    feed_of_.erase(feed.batches.front().number);
    feed.batches.pop_front();
  }
}

std::optional<WorkTable::Reached> WorkTable::take_reached(FeedId feed) {
  return std::exchange(of(feed).reached, std::nullopt);
}

bool WorkTable::feed_is_clear(FeedId feed) const {
  return of(feed).batches.empty();
}

size_t WorkTable::open_batches(FeedId feed) const {
  return of(feed).batches.size();
}

bool WorkTable::ended(uint64_t batch) const {
  return std::none_of(feed_of_.begin(), feed_of_.end(),
                      [&](const auto& open) { return open.first <= batch; });
}

}  // namespace syncline::lanes

#include "compose/row_reader.h"

#include <algorithm>
#include <unordered_map>

namespace syncline::compose {

namespace {

constexpr size_t kSessionsMax = 3;  // of one source at once
constexpr int kSessionsSpared = 2;  // for everybody else

}  // namespace

void RowPlace::read(size_t columns, std::vector<std::optional<std::string_view>>& values) const {
  values.resize(columns);
  for (size_t column = 0; column < columns; ++column) values[column] = value(column);
}

Result<bool> RowReader::read(std::span<Lookup> lookups) {
  std::vector<Work> works(lookups.size());
  for (size_t i = 0; i < lookups.size(); ++i) {
    Lookup& lookup = lookups[i];
    *lookup.found = FoundRows();
    if (lookup.node->place == Place::array) {
      lookup.found->lists_.resize(lookup.keys.size());
    } else {
      lookup.found->places_.resize(lookup.keys.size());
    }
    works[i].lookup = &lookup;
    for (size_t place = 0; place < lookup.keys.size(); ++place) {
      auto link = lookup.node->member->link_of(lookup.keys[place]);
      if (!link) continue;
      works[i].links.push_back(*std::move(link));
      works[i].places.push_back(place);
    }
  }
  SYNCLINE_ASSIGN([[maybe_unused]] const auto leases, assign_sessions(works));
  bool complete = true;
  for (size_t round = 0; complete; ++round) {
    if (std::none_of(works.begin(), works.end(),
                     [&](const Work& work) { return work.round == round; }))
      break;
    SYNCLINE_ASSIGN(complete, read_round(works, round));
  }
  return complete;
}

Result<std::vector<postgres::SessionPool::Lease>> RowReader::assign_sessions(
    std::vector<Work>& works) {
  std::map<capture::Source*, std::vector<Work*>> by_source;
  for (Work& work : works) by_source[work.lookup->node->member->source.get()].push_back(&work);
  std::vector<postgres::SessionPool::Lease> leases;
  for (auto& [source, own] : by_source) {
    const size_t first = leases.size();
    SYNCLINE_ASSIGN(auto lease,
                    source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
    leases.push_back(std::move(lease));
    while (leases.size() - first < std::min(own.size(), kSessionsMax)) {
      SYNCLINE_ASSIGN(auto further, source->sessions().try_acquire(stop_, kSessionsSpared));
      if (!further) break;
      leases.push_back(*std::move(further));
    }
    const size_t count = leases.size() - first;
    for (size_t i = 0; i < own.size(); ++i) {
      own[i]->session = &*leases[first + i % count];
      own[i]->round = i / count;
    }
  }
  return leases;
}

// Whatever was begun is ended, so that its session can be used again.
Result<bool> RowReader::read_round(std::span<Work> works, size_t round) {
  Status status;
  for (Work& work : works) {
    if (work.round != round || !status.ok()) continue;
    status = work.lookup->node->member->queries->begin_read(*work.session, work.links);
    work.begun = status.ok();
  }
  bool complete = true;
  for (Work& work : works) {
    if (work.round != round || !work.begun) continue;
    Status ended = end(work, complete);
    if (status.ok() && !ended.ok())
      status = std::move(ended).error().blaming(work.lookup->node->member->name());
  }
  if (!status.ok()) return std::move(status).error();
  return complete;
}

Status RowReader::end(Work& work, bool& complete) {
  FoundRows& found = *work.lookup->found;
  const Member& member = *work.lookup->node->member;
  SYNCLINE_ASSIGN(auto read, member.queries->end_read(*work.session, work.links, bytes_left_));
  found.parts_ = std::move(read.parts);
  bytes_left_ -= std::min(bytes_left_, read.bytes);
  bytes_read_ += read.bytes;
  if (!read.complete) complete = false;
  for (auto& [key, reason] : read.unreadable)
    found.unreadable_[work.places[key]] = member.table.qualified_name + ": " + reason;
  int rows = 0;
  for (const postgres::Rows& part : found.parts_) rows += part.size();
  if (!found.lists_.empty() && work.links.size() > 1 && rows > postgres::TableQueries::kRowsMax)
    complete = false;
  return complete ? take_rows(work) : Status();
}

Status RowReader::take_rows(Work& work) {
  const Member& member = *work.lookup->node->member;
  FoundRows& found = *work.lookup->found;
  std::unordered_map<std::string_view, size_t> place_of;
  place_of.reserve(work.places.size());
  for (const size_t place : work.places) place_of.emplace(work.lookup->keys[place], place);
  link_.resize(member.link.size());
  for (const postgres::Rows& rows : found.parts_) {
    for (int row = 0; row < rows.size(); ++row) {
      ++rows_read_;
      for (size_t i = 0; i < link_.size(); ++i) link_[i] = rows.get(row, static_cast<int>(i));
      const auto key = member.key_of(link_);
      if (!key) continue;
      const auto place = place_of.find(*key);
      if (place == place_of.end()) continue;
      if (!found.lists_.empty()) {
        found.lists_[place->second].push_back({&rows, row});
        continue;
      }
      RowPlace& slot = found.places_[place->second];
      if (slot) {
        return Error::needs_person(
            "several rows of " + member.table.qualified_name + " claim " +
            (member.is_found_by_value() ? "the compare value " : "the document ") + *key +
            "; give the table a primary key, so that the highest one wins, or choose a unique " +
            (member.is_found_by_value() ? "compare.source" : "id"));
      }
      slot = {&rows, row};
    }
  }
  return {};
}

}  // namespace syncline::compose

#include "pipeline/composer.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/failpoint.h"

namespace syncline {

namespace {

constexpr size_t kIdsMax = 1000;        // more than this and a lookup saves nothing more
constexpr double kPageBytes = 4 << 20;  // rows held at once

ParkedDocument unsendable(const std::string& job, const std::string& id) {
  ParkedDocument parked;
  parked.job = job;
  parked.id = id;
  parked.status = 400;
  parked.type = "invalid_id";
  parked.reason = id.empty() ? "the id is empty" : "the id is longer than 512 bytes";
  return parked;
}

}  // namespace

// The rows of one member for a page of ids.
struct Composer::Found {
  struct Place {
    const Rows* rows = nullptr;
    int row = 0;
  };
  std::vector<Rows> parts;
  std::vector<Place> places;  // by the id's place in the page
};

size_t Composer::page_size() const {
  return std::clamp<size_t>(static_cast<size_t>(kPageBytes / row_bytes_), 1, kIdsMax);
}

Result<Composition> Composer::compose(std::span<const std::string> ids, int64_t version) {
  ids = ids.first(std::min(ids.size(), page_size()));
  const TimePoint read_at = clock_.now();
  SYNCLINE_ASSIGN(const std::vector<Found> found, read_rows(ids));
  failpoint("rows_read");
  Composition composition;
  composition.documents = ids.size();
  builder_.begin(version, read_at);
  for (size_t place = 0; place < ids.size(); ++place) {
    const uint64_t present = present_members(place, found);
    if (BulkBuilder::id_is_sendable(ids[place])) {
      write_document(ids[place], place, present, found);
    } else if (present == 0) {
      composition.absent.push_back(ids[place]);
    } else {
      composition.unsendable.push_back(unsendable(members_.front()->name(), ids[place]));
    }
  }
  composition.body = builder_.take();
  return composition;
}

Result<std::vector<Composer::Found>> Composer::read_rows(std::span<const std::string> ids) {
  std::vector<Found> found(members_.size());
  std::map<Source*, SessionPool::Lease> leases;
  for (size_t i = 0; i < members_.size(); ++i) {
    Source* source = members_[i]->source.get();
    auto lease = leases.find(source);
    if (lease == leases.end()) {
      SYNCLINE_ASSIGN(auto acquired,
                      source->sessions().acquire(SessionPool::Use::short_work, stop_));
      lease = leases.emplace(source, std::move(acquired)).first;
    }
    Status read = read_member(*members_[i], *lease->second, ids, found[i]);
    if (!read.ok()) return std::move(read).error().prefixed("job " + members_[i]->name());
  }
  return found;
}

// A row counts only if the text of its own id is the id asked, byte for byte.
Status Composer::read_member(const Member& member, Session& session,
                             std::span<const std::string> ids, Found& found) {
  found.places.resize(ids.size());
  std::vector<std::vector<std::string>> keys;
  std::unordered_map<std::string_view, size_t> place_of;
  for (size_t place = 0; place < ids.size(); ++place) {
    auto key = member.codec->decode(ids[place]);
    if (!key) continue;
    keys.push_back(*std::move(key));
    place_of.emplace(ids[place], place);
  }
  SYNCLINE_ASSIGN(found.parts, member.queries->read_by_keys(session, keys));
  std::vector<std::optional<std::string_view>> link(member.queries->link_size());
  const int columns = static_cast<int>(member.queries->row_size());
  for (const Rows& rows : found.parts) {
    for (int row = 0; row < rows.size(); ++row) {
      size_t bytes = 0;
      for (int column = 0; column < columns; ++column)
        bytes += rows.get(row, column).value_or("").size();
      row_bytes_ += (static_cast<double>(bytes) - row_bytes_) / 64;
      for (size_t i = 0; i < link.size(); ++i) link[i] = rows.get(row, static_cast<int>(i));
      const auto id = member.codec->encode(link);
      if (!id) continue;
      const auto place = place_of.find(*id);
      if (place == place_of.end()) continue;
      Found::Place& slot = found.places[place->second];
      if (slot.rows != nullptr) {
        return Error::pause_job(
            "several rows of " + member.table.qualified_name + " claim the document " + *id +
            "; give the table a primary key, so that the highest one wins, or choose a unique id");
      }
      slot = {&rows, row};
    }
  }
  return {};
}

uint64_t Composer::present_members(size_t place, const std::vector<Found>& found) {
  uint64_t present = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].places[place].rows != nullptr) present |= uint64_t{1} << i;
  }
  return present;
}

void Composer::write_document(const std::string& id, size_t place, uint64_t present,
                              const std::vector<Found>& found) {
  if (present == 0) {
    builder_.add_delete(id);
    return;
  }
  builder_.begin_document(id);
  builder_.bytes() += "{";
  for (size_t i = 0; i < members_.size(); ++i) {
    const Found::Place& slot = found[i].places[place];
    if (slot.rows == nullptr) continue;
    values_.resize(members_[i]->queries->row_size());
    for (size_t column = 0; column < values_.size(); ++column) {
      values_[column] = slot.rows->get(slot.row, static_cast<int>(column));
    }
    members_[i]->writer->append_members(values_, present, builder_.bytes());
  }
  builder_.end_document();
}

}  // namespace syncline

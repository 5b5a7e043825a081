#include "pipeline/owned_composer.h"

#include <algorithm>
#include <unordered_map>

#include "base/failpoint.h"
#include "document/compare_value.h"
#include "pipeline/foreign_composer.h"
#include "pipeline/plan_context.h"

namespace syncline {

namespace {

constexpr size_t kIdsMax = 1000;  // more than this and a lookup saves nothing more

ParkedDocument unsendable(const std::string& job, const std::string& id) {
  ParkedDocument parked;
  parked.job = job;
  parked.id = id;
  parked.status = 400;
  parked.type = "invalid_id";
  parked.reason = id.empty() ? "the id is empty" : "the id is longer than 512 bytes";
  return parked;
}

void close_object(std::string& out) {
  if (out.back() == ',') {
    out.back() = '}';
  } else {
    out += '}';
  }
}

}  // namespace

void append_object(const Member& member, const RowPlace& row,
                   std::vector<std::optional<std::string_view>>& values, std::string& out) {
  row.read(member.queries->row_size(), values);
  out += '{';
  member.writer->append_members(values, 0, out);
  close_object(out);
}

void append_array(const Member& member, std::span<const RowPlace> rows,
                  std::vector<std::optional<std::string_view>>& values, std::string& out) {
  out += '[';
  for (const RowPlace& row : rows) {
    if (out.back() != '[') out += ',';
    append_object(member, row, values, out);
  }
  out += ']';
}

OwnedComposer::OwnedComposer(PlanContext& context, const StopSignal& stop)
    : context_(context),
      reader_(stop),
      properties_(context.members),
      found_(context.members.size()),
      page_size_(kIdsMax) {}

Result<Composition> OwnedComposer::compose(std::span<const std::string> ids) {
  // The version first, then the rows (design section 2).
  SYNCLINE_ASSIGN(const int64_t version, context_.versions->take());
  const TimePoint read_at = context_.clock.now();
  SYNCLINE_ASSIGN(ids, read_rows(ids.first(std::min(ids.size(), page_size_.documents()))));
  failpoint("rows_read");
  Composition composition;
  composition.documents = ids.size();
  builder_.begin(version, read_at);
  std::vector<std::string> absent;
  for (size_t document = 0; document < ids.size(); ++document) {
    const std::string& id = ids[document];
    const bool sendable = BulkBuilder::id_is_sendable(id);
    if (present_[document] == 0) {
      (sendable ? absent : composition.nothing_to_do).push_back(id);
    } else if (sendable) {
      write_document(id, document, present_[document]);
    } else {
      composition.unsendable.push_back(unsendable(context_.home().name(), id));
    }
  }
  SYNCLINE_RETURN_IF_ERROR(add_deletes(std::move(absent), composition));
  composition.body = builder_.take();
  return composition;
}

// The ids whose rows are held now: fewer than asked where they have very many rows.
Result<std::span<const std::string>> OwnedComposer::read_rows(std::span<const std::string> ids) {
  const size_t bytes_before = reader_.bytes_read();
  for (bool complete = false; !complete;) {
    std::vector<RowReader::Lookup> lookups;
    for (const auto& member : context_.members) {
      if (!member->is(JobType::property))
        lookups.push_back({member.get(), ids, &found_[member->place]});
    }
    SYNCLINE_ASSIGN(complete, reader_.read(lookups));
    if (!complete) ids = ids.first((ids.size() + 1) / 2);
  }
  present_.resize(ids.size());
  for (size_t document = 0; document < ids.size(); ++document)
    present_[document] = present_members(document);
  SYNCLINE_RETURN_IF_ERROR(
      properties_.read(reader_, ids.size(), [this](const Member& property, size_t document) {
        return compare_key_of(property, document);
      }));
  page_size_.learn(reader_.bytes_read() - bytes_before, ids.size());
  return ids;
}

uint64_t OwnedComposer::present_members(size_t document) const {
  uint64_t present = 0;
  for (const auto& member : context_.members) {
    if (member->is(JobType::index) && found_[member->place].one(document))
      present |= uint64_t{1} << member->bit;
  }
  return present;
}

std::optional<std::string> OwnedComposer::compare_key_of(const Member& property,
                                                         size_t document) const {
  if (present_[document] == 0) return std::nullopt;
  // Of several index jobs that give the field, the last one with a row has the word.
  for (auto provider = property.providers.rbegin(); provider != property.providers.rend();
       ++provider) {
    const Member& member = *context_.members[provider->member];
    const RowPlace row = member.is(JobType::property) ? properties_.row(member, document)
                                                      : found_[member.place].one(document);
    if (!row) continue;
    const auto value = row.value(provider->value);
    return value ? compare_key(*provider->type, *value) : std::nullopt;
  }
  return std::nullopt;
}

// In an index that Syncline did not create, documents that were never written by it stay.
Status OwnedComposer::add_deletes(std::vector<std::string> ids, Composition& composition) {
  std::unordered_map<std::string, int64_t> stored;
  const int64_t strangers_below = context_.strangers_too ? 0 : context_.strangers_below.load();
  if (strangers_below > 0 && !ids.empty()) {
    SYNCLINE_ASSIGN(const std::vector<FoundDocument> documents, context_.admin.versions(ids));
    for (const FoundDocument& document : documents) stored[document.id] = document.version;
  }
  for (std::string& id : ids) {
    const auto found = stored.find(id);
    if (found != stored.end() && found->second < strangers_below) {
      composition.nothing_to_do.push_back(std::move(id));
    } else {
      builder_.add_delete(id);
    }
  }
  return {};
}

void OwnedComposer::write_document(const std::string& id, size_t document, uint64_t present) {
  builder_.begin_document(id);
  std::string& out = builder_.bytes();
  out += '{';
  for (const auto& member : context_.members) {
    const FoundRows& found = found_[member->place];
    if (member->is(JobType::nested)) {
      out += member->opening;
      append_array(*member, found.all(document), values_, out);
      out += ',';
      continue;
    }
    const RowPlace row =
        member->is(JobType::property) ? properties_.row(*member, document) : found.one(document);
    if (!row) continue;
    if (member->is(JobType::object)) {
      out += member->opening;
      append_object(*member, row, values_, out);
      out += ',';
    } else {
      row.read(member->queries->row_size(), values_);
      member->writer->append_members(values_, present, out);
    }
  }
  builder_.end_document();
}

std::unique_ptr<Composer> make_composer(PlanContext& context, const StopSignal& stop) {
  if (context.owned) return std::make_unique<OwnedComposer>(context, stop);
  return std::make_unique<ForeignComposer>(context, stop);
}

}  // namespace syncline

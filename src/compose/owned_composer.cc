#include "compose/owned_composer.h"

#include <algorithm>
#include <unordered_map>

#include "base/failpoint.h"
#include "base/utf8_text.h"
#include "compose/plan_context.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

constexpr size_t kWeighedBytesMin = size_t{2} << 20;  // of a page, before its documents are weighed

void close_object(std::string& out) {
  if (out.back() == ',') {
    out.back() = '}';
  } else {
    out += '}';
  }
}

}  // namespace

const std::string* unreadable_row(const Members& members, const std::vector<FoundRows>& found,
                                  const PropertyRows& properties, size_t document) {
  for (const auto& member : members) {
    const std::string* const reason = member->is(JobType::property)
                                          ? properties.unreadable(*member, document)
                                          : found[member->place].unreadable(document);
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

retry::ParkedDocument refused_here(const PlanContext& context, const std::string& id,
                                   std::string type, std::string reason) {
  retry::ParkedDocument parked;
  parked.job = context.home().name();
  parked.id = id;
  parked.status = 400;
  parked.type = std::move(type);
  parked.reason = std::move(reason);
  return parked;
}

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
      found_(context.members.size()) {}

Result<Composition> OwnedComposer::compose(std::span<const std::string> ids) {
  // The version first, then the rows.
  SYNCLINE_ASSIGN(const int64_t version, context_.versions->take());
  const TimePoint read_at = context_.clock.now();
  const size_t fit = context_.page_sizes.rows.documents();
  SYNCLINE_ASSIGN(ids, read_rows(ids.first(std::min(ids.size(), fit))));
  failpoint("rows_read");
  Composition composition;
  builder_.begin(version, read_at);
  std::vector<std::string> absent;
  for (size_t document = 0; document < ids.size(); ++document) {
    const std::string& id = ids[document];
    if (too_large_) {
      composition.unsendable.push_back(
          refused_here(context_, id, "too_large", "its rows hold more than 64 MiB"));
    } else if (const auto* why = unreadable_row(context_.members, found_, properties_, document)) {
      composition.unsendable.push_back(refused_here(context_, id, "unreadable_row", *why));
    } else if (present_[document] != 0) {
      if (!add(id, document, composition)) break;  // the body is full
    } else {
      const bool sendable =
          document::BulkBuilder::id_is_sendable(id) && find_not_utf8(id) == std::string::npos;
      (sendable ? absent : composition.nothing_to_do).push_back(id);
    }
    ++composition.documents;
  }
  if (page_bytes_ > kWeighedBytesMin) forget_rows();
  SYNCLINE_RETURN_IF_ERROR(add_deletes(std::move(absent), composition));
  composition.body = builder_.take();
  return composition;
}

// The ids whose rows are held now: fewer than asked where these weigh too much.
Result<std::span<const std::string>> OwnedComposer::read_rows(std::span<const std::string> ids) {
  too_large_ = false;
  for (;;) {
    const size_t bytes_before = reader_.bytes_read();
    reader_.allow(ids.size() == 1 ? kDocumentRowBytesMax : kPageRowBytesMax);
    SYNCLINE_ASSIGN(const bool complete, read_all_rows(ids));
    if (complete) {
      page_bytes_ = reader_.bytes_read() - bytes_before;
      context_.page_sizes.rows.learn(page_bytes_, ids.size());
      return ids;
    }
    forget_rows();
    context_.page_sizes.rows.too_many(ids.size());
    if (ids.size() == 1) {
      too_large_ = true;
      return ids;
    }
    ids = ids.first((ids.size() + 1) / 2);
  }
}

// False: there are more than may be held.
Result<bool> OwnedComposer::read_all_rows(std::span<const std::string> ids) {
  std::vector<RowReader::Lookup> lookups;
  for (const auto& member : context_.members) {
    if (!member->is(JobType::property))
      lookups.push_back({member.get(), ids, &found_[member->place]});
  }
  SYNCLINE_ASSIGN(const bool complete, reader_.read(lookups));
  if (!complete) return false;
  present_.resize(ids.size());
  for (size_t document = 0; document < ids.size(); ++document)
    present_[document] = present_members(document);
  return properties_.read(reader_, ids.size(), [this](const Member& property, size_t document) {
    return compare_key_of(property, document);
  });
}

void OwnedComposer::forget_rows() {
  for (FoundRows& found : found_) found = FoundRows();
  properties_.clear();
  page_bytes_ = 0;
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
    return value ? document::compare_key(*provider->type, *value) : std::nullopt;
  }
  return std::nullopt;
}

// In an index that Syncline did not create, documents that were never written by it stay.
Status OwnedComposer::add_deletes(std::vector<std::string> ids, Composition& composition) {
  std::unordered_map<std::string, int64_t> stored;
  const int64_t strangers_below = context_.strangers_too ? 0 : context_.strangers_below.load();
  if (strangers_below > 0 && !ids.empty()) {
    SYNCLINE_ASSIGN(const std::vector<index::FoundDocument> documents,
                    context_.admin.versions(ids));
    for (const index::FoundDocument& document : documents) stored[document.id] = document.version;
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

// False: there is no room for it in this body.
bool OwnedComposer::add(const std::string& id, size_t document, Composition& composition) {
  if (builder_.size_bytes() >= kBodyBytesMax) return false;
  // Large ones are weighed before they are written: what escapes make of them may be six times as
  // much, and room that grows by doubling is held twice while it does.
  if (page_bytes_ > kWeighedBytesMin) {
    const size_t bound = size_bound(document);
    if (bound > kDocumentJsonBytesMax) {
      composition.unsendable.push_back(
          refused_here(context_, id, "too_large", "it is larger than 100 MB as JSON"));
      return true;
    }
    if (!builder_.empty() && builder_.size_bytes() + bound > kBodyBytesMax) return false;
    builder_.bytes().reserve(builder_.size_bytes() + bound);
  }
  add_document(id, document, composition);
  return true;
}

size_t OwnedComposer::size_bound(size_t document) {
  size_t bound = 4 * document::kDocumentIdBytesMax;
  const auto weigh = [&](const Member& member, const RowPlace& row) {
    row.read(member.queries->row_size(), values_);
    bound += member.writer->size_bound(values_);
  };
  for (const auto& member : context_.members) {
    bound += member->opening.size() + 4;
    const FoundRows& found = found_[member->place];
    if (member->is(JobType::nested)) {
      for (const RowPlace& row : found.all(document)) weigh(*member, row);
      continue;
    }
    const RowPlace row =
        member->is(JobType::property) ? properties_.row(*member, document) : found.one(document);
    if (row) weigh(*member, row);
  }
  return bound;
}

void OwnedComposer::add_document(const std::string& id, size_t document, Composition& composition) {
  if (!document::BulkBuilder::id_is_sendable(id)) {
    const char* const why = id.empty() ? "the id is empty" : "the id is longer than 512 bytes";
    composition.unsendable.push_back(refused_here(context_, id, "invalid_id", why));
    return;
  }
  builder_.begin_document(id);
  write_members(document, present_[document]);
  if (!builder_.end_document())
    composition.unsendable.push_back(refused_here(context_, id, "invalid_utf8", builder_.fault()));
}

void OwnedComposer::write_members(size_t document, uint64_t present) {
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
}

}  // namespace syncline::compose

#include "compose/owned_composer.h"

#include <algorithm>
#include <unordered_map>

#include "base/failpoint.h"
#include "base/utf8_text.h"
#include "compose/plan_context.h"

namespace syncline::compose {

namespace {

constexpr size_t kBodyBytesMax = 10'000'000;          // but for a single document
constexpr size_t kWeighedBytesMin = size_t{2} << 20;  // of a page, before its documents are weighed

// Every document has an id of its own.
DocumentPlace at(size_t document) {
  return {document, document};
}

}  // namespace

OwnedComposer::OwnedComposer(PlanContext& context, const StopSignal& stop)
    : context_(context), reader_(stop), rows_(context.shape), writer_(context.shape) {}

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
    } else if (const auto* why = rows_.unreadable(at(document))) {
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
  SYNCLINE_ASSIGN(const bool complete, rows_.read_by_id(reader_, ids));
  if (!complete) return false;
  present_.resize(ids.size());
  for (size_t document = 0; document < ids.size(); ++document)
    present_[document] = present_nodes(document);
  return rows_.read_by_value(reader_, ids.size(), [this](const Node& node, size_t document) {
    return present_[document] == 0 ? std::nullopt : rows_.given_key(node, at(document));
  });
}

void OwnedComposer::forget_rows() {
  rows_.clear();
  page_bytes_ = 0;
}

uint64_t OwnedComposer::present_nodes(size_t document) const {
  uint64_t present = 0;
  for (const Node& node : context_.shape.nodes()) {
    if (node.defines != 0 && rows_.one(node, at(document))) present |= node.defines;
  }
  return present;
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
    const size_t bound = writer_.size_bound(rows_, at(document));
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

void OwnedComposer::add_document(const std::string& id, size_t document, Composition& composition) {
  if (!document::BulkBuilder::id_is_sendable(id)) {
    const char* const why = id.empty() ? "the id is empty" : "the id is longer than 512 bytes";
    composition.unsendable.push_back(refused_here(context_, id, "invalid_id", why));
    return;
  }
  builder_.begin_document(id);
  writer_.open_document(rows_, {at(document), present_[document]}, builder_.bytes());
  if (!builder_.end_document())
    composition.unsendable.push_back(refused_here(context_, id, "invalid_utf8", builder_.fault()));
}

}  // namespace syncline::compose

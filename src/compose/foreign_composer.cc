#include "compose/foreign_composer.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/failpoint.h"
#include "base/utf8_text.h"
#include "compose/plan_context.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

std::vector<std::string> names_written(const Members& members) {
  std::vector<std::string> names;
  for (const auto& member : members) {
    for (const index::FieldMapping& field : member->fields) names.push_back(field.name);
  }
  return names;
}

retry::ParkedDocument unreadable(const std::string& job, std::string id) {
  retry::ParkedDocument parked;
  parked.job = job;
  parked.id = std::move(id);
  parked.type = "unreadable_source";
  parked.reason = "what the index stores of it cannot be read, so no field can be put into it";
  return parked;
}

// JSON knows no dates: they are strings there.
bool is_same_family(document::ValueFamily column, document::ValueFamily json) {
  return column == json ||
         (column == document::ValueFamily::date && json == document::ValueFamily::string);
}

}  // namespace

ForeignComposer::ForeignComposer(PlanContext& context, const StopSignal& stop)
    : context_(context),
      reader_(stop),
      rows_(context.shape),
      writer_(context.shape),
      own_names_(names_written(context.members)) {}

Result<Composition> ForeignComposer::compose(std::span<const std::string> ids) {
  ids = ids.first(std::min(
      {ids.size(), context_.page_sizes.stored.documents(), context_.page_sizes.rows.documents()}));
  const TimePoint read_at = context_.clock.now();
  Composition composition;
  SYNCLINE_RETURN_IF_ERROR(read_documents(ids, composition));
  SYNCLINE_RETURN_IF_ERROR(read_rows(composition));
  failpoint("rows_read");
  builder_.begin(0, read_at);
  std::string own;
  for (size_t i = 0; i < documents_.size(); ++i) {
    Document& document = documents_[i];
    if (const auto* why = rows_.unreadable({i, document.row})) {
      composition.unsendable.push_back(refused_here(context_, document.id, "unreadable_row", *why));
      continue;
    }
    own.clear();
    write_own_fields(i, own);
    if (const auto fault = document::fault_of(own)) {
      composition.unsendable.push_back(refused_here(context_, document.id, "invalid_utf8", *fault));
      continue;
    }
    const auto text = document.source.with(own, own_names_);
    if (!text) {
      composition.nothing_to_do.push_back(std::move(document.id));
      continue;
    }
    builder_.begin_document_if(document.id, document.seq_no, document.primary_term,
                               document.routing);
    builder_.bytes().append(*text, 0, text->size() - 1);  // end_document() closes it
    if (!builder_.end_document())
      composition.unsendable.push_back(
          refused_here(context_, document.id, "invalid_utf8", builder_.fault()));
  }
  composition.body = builder_.take();
  if (documents_.size() > ids_.size()) {
    // Of documents with one id some are written: the id is done when they are.
    std::unordered_set<std::string_view> written;
    for (const BulkItem& item : composition.body.items) written.insert(item.id);
    std::erase_if(composition.nothing_to_do,
                  [&](const std::string& id) { return written.contains(id); });
  }
  return composition;
}

// Documents that do not exist have nothing to be done to; when one comes, the sweep finds it.
Status ForeignComposer::read_documents(std::span<const std::string> ids, Composition& composition) {
  std::vector<std::string> asked;
  for (const std::string& id : ids) {
    if (document::BulkBuilder::id_is_sendable(id) && find_not_utf8(id) == std::string::npos)
      asked.push_back(id);
  }
  std::vector<index::StoredDocument> stored;
  for (;;) {
    auto read = context_.documents.read(asked);
    if (read.ok()) {
      stored = std::move(read).value();
      break;
    }
    if (read.error().code != index::DocumentReader::kTooLarge) return std::move(read).error();
    context_.page_sizes.stored.too_many(asked.size());
    if (asked.size() == 1) {
      composition.unsendable.push_back(refused_here(context_, asked.front(), "too_large",
                                                    "the stored document is larger than 48 MiB"));
      asked.clear();
      break;
    }
    asked.resize(asked.size() / 2);
    // Up to the one asked for last.
    ids = ids.first(
        static_cast<size_t>(std::find(ids.begin(), ids.end(), asked.back()) - ids.begin() + 1));
  }
  composition.documents = ids.size();
  documents_.clear();
  ids_.clear();
  size_t bytes = 0;
  std::unordered_set<std::string> found;
  std::unordered_map<std::string, size_t> rows;  // an id's place in ids_
  for (index::StoredDocument& document : stored) {
    auto source = document::StoredSource::parse(document.source);
    if (!source && document.source.empty()) {
      return Error::needs_person("document \"" + document.id + "\" of index \"" +
                                     context_.admin.index() +
                                     "\" has no _source; the index must store it",
                                 Origin::mapping);
    }
    if (!source) {
      found.emplace(document.id);
      composition.unsendable.push_back(unreadable(context_.home().name(), std::move(document.id)));
      continue;
    }
    found.emplace(document.id);
    bytes += document.source.size();
    const auto [row, is_new] = rows.emplace(document.id, ids_.size());
    if (is_new) ids_.push_back(document.id);
    documents_.push_back({std::move(document.id), *std::move(source), document.seq_no,
                          document.primary_term, std::move(document.routing), row->second});
  }
  for (const retry::ParkedDocument& parked : composition.unsendable) found.emplace(parked.id);
  for (const std::string& id : ids) {
    if (!found.contains(id)) composition.nothing_to_do.push_back(id);
  }
  if (!documents_.empty()) context_.page_sizes.stored.learn(bytes, documents_.size());
  return {};
}

// Where they weigh too much, for fewer of the documents: the others are composed again.
Status ForeignComposer::read_rows(Composition& composition) {
  for (;;) {
    const size_t bytes_before = reader_.bytes_read();
    reader_.allow(documents_.size() == 1 ? kDocumentRowBytesMax : kPageRowBytesMax);
    SYNCLINE_ASSIGN(const bool complete, read_all_rows());
    if (complete) {
      if (!documents_.empty())
        context_.page_sizes.rows.learn(reader_.bytes_read() - bytes_before, documents_.size());
      return {};
    }
    context_.page_sizes.rows.too_many(documents_.size());
    if (documents_.size() == 1) {
      composition.unsendable.push_back(
          refused_here(context_, ids_.front(), "too_large", "its rows hold more than 64 MiB"));
      documents_.clear();
      ids_.clear();
      continue;
    }
    const size_t half = documents_.size() / 2;
    for (size_t i = half; i < documents_.size(); ++i) composition.again.push_back(ids_[i]);
    documents_.resize(half);
    ids_.resize(half);
  }
}

Result<bool> ForeignComposer::read_all_rows() {
  SYNCLINE_ASSIGN(const bool complete, rows_.read_by_id(reader_, ids_));
  if (!complete) return false;
  return rows_.read_by_value(reader_, documents_.size(), [this](const Node& node, size_t document) {
    return compare_key_of(node, document);
  });
}

// The field is ours if one of the plan's jobs writes it, else the document's.
std::optional<std::string> ForeignComposer::compare_key_of(const Node& node,
                                                           size_t document) const {
  const Document& into = documents_[document];
  if (!node.hosts.empty()) return rows_.given_key(node, {document, into.row});
  const Member& member = *node.member;
  const auto own_family = document::family_of(*member.link_types.front());
  auto stored = into.source.scalar_at(member.config.spec.compare_target);
  if (!stored || !is_same_family(*own_family, stored->family)) return std::nullopt;
  return std::move(stored->key);
}

void ForeignComposer::write_own_fields(size_t document, std::string& out) {
  const Document& into = documents_[document];
  writer_.open_document(rows_, {{document, into.row}, 0, &into.source}, out);
  if (out.back() == ',') out.pop_back();
  out += '}';
}

}  // namespace syncline::compose

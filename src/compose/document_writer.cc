#include "compose/document_writer.h"

#include "document/bulk_builder.h"

namespace syncline::compose {

namespace {

void close_object(std::string& out) {
  if (out.back() == ',') {
    out.back() = '}';
  } else {
    out += '}';
  }
}

}  // namespace

void open_document(const Member& member, Values row, std::string& out) {
  out += '{';
  member.writer->append_members(row, 1, out);
}

size_t document_bound(const Member& member, Values row) {
  return member.writer->size_bound(row);
}

void DocumentWriter::open_document(const PageRows& rows, const Document& document,
                                   std::string& out) {
  out += '{';
  for (const auto& member : members_) {
    if (member->is(JobType::nested)) {
      const auto elements = rows.all(*member, document.place);
      if (elements.empty() && document.stored != nullptr &&
          !document.stored->member(member->config.spec.nested_name))
        continue;
      out += member->opening;
      append_array(*member, elements, out);
      out += ',';
      continue;
    }
    const RowPlace row = rows.one(*member, document.place);
    if (!row) continue;
    if (member->is(JobType::object)) {
      out += member->opening;
      append_object(*member, row, out);
      out += ',';
    } else {
      row.read(member->queries->row_size(), values_);
      member->writer->append_members(values_, document.present, out);
    }
  }
}

void DocumentWriter::append_object(const Member& member, const RowPlace& row, std::string& out) {
  row.read(member.queries->row_size(), values_);
  out += '{';
  member.writer->append_members(values_, 0, out);
  close_object(out);
}

void DocumentWriter::append_array(const Member& member, std::span<const RowPlace> rows,
                                  std::string& out) {
  out += '[';
  for (const RowPlace& row : rows) {
    if (out.back() != '[') out += ',';
    append_object(member, row, out);
  }
  out += ']';
}

size_t DocumentWriter::size_bound(const PageRows& rows, DocumentPlace place) {
  size_t bound = 4 * document::kDocumentIdBytesMax;
  for (const auto& member : members_) {
    bound += member->opening.size() + 4;
    if (member->is(JobType::nested)) {
      for (const RowPlace& row : rows.all(*member, place)) bound += row_bound(*member, row);
    } else if (const RowPlace row = rows.one(*member, place)) {
      bound += row_bound(*member, row);
    }
  }
  return bound;
}

size_t DocumentWriter::row_bound(const Member& member, const RowPlace& row) {
  row.read(member.queries->row_size(), values_);
  return member.writer->size_bound(values_);
}

}  // namespace syncline::compose

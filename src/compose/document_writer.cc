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

void open_document(const Node& node, Values row, std::string& out) {
  out += '{';
  node.writer.append_members(row, node.defines, out);
}

size_t document_bound(const Node& node, Values row) {
  return node.writer.size_bound(row);
}

void DocumentWriter::open_document(const PageRows& rows, const Document& document,
                                   std::string& out) {
  out += '{';
  for (const Node& node : shape_.nodes()) {
    if (node.place == Place::array) {
      const auto elements = rows.all(node, document.place);
      if (elements.empty() && document.stored != nullptr && !document.stored->member(node.name))
        continue;
      append_array(node, elements, out);
    } else if (const RowPlace row = rows.one(node, document.place)) {
      append_row(node, row, document.present, out);
    }
  }
}

// A row among the document's fields, or as an object of its own.
void DocumentWriter::append_row(const Node& node, const RowPlace& row, uint64_t present,
                                std::string& out) {
  if (node.place == Place::object) {
    out += node.opening;
    append_object(node, row, out);
    out += ',';
  } else {
    row.read(node.member->queries->row_size(), values_);
    node.writer.append_members(values_, present, out);
  }
}

void DocumentWriter::append_object(const Node& node, const RowPlace& row, std::string& out) {
  row.read(node.member->queries->row_size(), values_);
  out += '{';
  node.writer.append_members(values_, 0, out);
  close_object(out);
}

void DocumentWriter::append_array(const Node& node, std::span<const RowPlace> rows,
                                  std::string& out) {
  out += node.opening;
  out += '[';
  for (const RowPlace& row : rows) {
    if (out.back() != '[') out += ',';
    append_object(node, row, out);
  }
  out += "],";
}

size_t DocumentWriter::size_bound(const PageRows& rows, DocumentPlace place) {
  size_t bound = 4 * document::kDocumentIdBytesMax;
  for (const Node& node : shape_.nodes()) {
    bound += node.opening.size() + 4;
    if (node.place == Place::array) {
      for (const RowPlace& row : rows.all(node, place)) bound += row_bound(node, row);
    } else if (const RowPlace row = rows.one(node, place)) {
      bound += row_bound(node, row);
    }
  }
  return bound;
}

size_t DocumentWriter::row_bound(const Node& node, const RowPlace& row) {
  row.read(node.member->queries->row_size(), values_);
  return node.writer.size_bound(values_);
}

}  // namespace syncline::compose

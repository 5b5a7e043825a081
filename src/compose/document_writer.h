// DocumentWriter: the rows of all nodes of a shape as one JSON object, the only place that writes
// them.
//
// Owner: a composer, one thread; the functions beside it are for a loader, any thread. Place in the
// flow: ids → rows of every node → [JSON] → bulk body. The inner loop of composing: no allocation
// but the output's growth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compose/page_rows.h"
#include "document/stored_source.h"

namespace syncline::compose {

// What a document weighs as JSON is bounded by what clusters take (http.max_content_length).
constexpr size_t kDocumentJsonBytesMax = 100'000'000;

using Values = std::span<const std::optional<std::string_view>>;

// Appends {"alias":value, and so on, each with a comma, for a row that is a document of its own:
// the caller closes it (BulkBuilder::end_document()).
void open_document(const Node& node, Values row, std::string& out);
// About how long that is, and hardly ever longer.
size_t document_bound(const Node& node, Values row);

class DocumentWriter {
 public:
  explicit DocumentWriter(const Shape& shape) : shape_(shape) {}

  struct Document {
    DocumentPlace place;
    uint64_t present = 0;  // bits of the nodes that define the document, having a row
    // What the index holds, in a document of somebody else: an array that it does not have is
    // written only once it has had a row. Null: ours, whose arrays are always there.
    const document::StoredSource* stored = nullptr;
  };
  // Appends {"alias":value, and so on, each with a comma: the caller closes it.
  void open_document(const PageRows& rows, const Document& document, std::string& out);
  // About how many bytes that and the document's id take in a body, and hardly ever fewer.
  size_t size_bound(const PageRows& rows, DocumentPlace place);

 private:
  void append_row(const Node& node, const RowPlace& row, uint64_t present, std::string& out);
  void append_object(const Node& node, const RowPlace& row, std::string& out);
  void append_array(const Node& node, std::span<const RowPlace> rows, std::string& out);
  size_t row_bound(const Node& node, const RowPlace& row);

  const Shape& shape_;
  std::vector<std::optional<std::string_view>> values_;  // room that is used again
};

}  // namespace syncline::compose

// PageRows: the rows of all nodes of a shape for a page of documents.
//
// Owner: a composer, one thread. Place in the flow: ids → [rows of every node] → JSON. They are
// read level by level: what is found by the id first, then what is found by the value of a field,
// which a node of an earlier level gives.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/row_reader.h"

namespace syncline::compose {

// Of the rows of one page of documents, and of a single document: a larger one is parked.
constexpr size_t kPageRowBytesMax = size_t{16} << 20;
constexpr size_t kDocumentRowBytesMax = size_t{64} << 20;

// A document of the page, and its id's place among the ids: several documents of a foreign index
// may have one.
struct DocumentPlace {
  size_t document = 0;
  size_t id = 0;
};

class PageRows {
 public:
  explicit PageRows(const Shape& shape) : shape_(shape), of_node_(shape.nodes().size()) {}

  // The rows of these ids. False: ask for fewer documents.
  Result<bool> read_by_id(RowReader& reader, std::span<const std::string> ids);
  // The key by which a node's row is found in a document, or nothing. It may ask for rows of lower
  // levels.
  using KeyOf = std::function<std::optional<std::string>(const Node& node, size_t document)>;
  // Then those found by a value. False: ask for fewer documents.
  Result<bool> read_by_value(RowReader& reader, size_t documents, const KeyOf& key_of);
  // Forgets all rows.
  void clear() {
    for (Found& found : of_node_) found = Found();
  }

  // The node's row for a document.
  RowPlace one(const Node& node, DocumentPlace place) const;
  // Of an array its rows, in their order.
  std::span<const RowPlace> all(const Node& node, DocumentPlace place) const {
    return of_node_[node.number].rows.all(place.id);
  }
  // The key by which a node's row is found, of the field that its hosts give: of several with a row
  // the last one has the word.
  std::optional<std::string> given_key(const Node& node, DocumentPlace place) const;
  // Why a document cannot be composed: a row of some node is there and cannot be read. Null: it
  // can.
  const std::string* unreadable(DocumentPlace place) const;

 private:
  friend class RowsForTest;
  struct Found {
    std::vector<std::string> keys;  // if found by a value, distinct
    std::vector<int> key_of;        // if found by a value, by document; -1: none
    FoundRows rows;
  };

  void find_keys(const Node& node, size_t documents, const KeyOf& key_of);
  // The place of the document's key in the lookup, or nothing.
  std::optional<size_t> key_of(const Node& node, DocumentPlace place) const;

  const Shape& shape_;
  std::vector<Found> of_node_;  // by its number
};

}  // namespace syncline::compose

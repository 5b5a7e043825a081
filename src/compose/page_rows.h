// PageRows: the rows of all members for a page of documents.
//
// Owner: a composer, one thread. Place in the flow: ids → [rows of every member] → JSON. The rows
// that belong to an id are read first; a property's row is found by the value of the field that it
// compares with, which may be another property's: they are read in the order of their depths.
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
  explicit PageRows(const Members& members) : members_(members), of_member_(members.size()) {}

  // The rows of these ids. False: ask for fewer documents.
  Result<bool> read_by_id(RowReader& reader, std::span<const std::string> ids);
  // The compare key of a member's field in the document at a place, or nothing. It may ask one()
  // for properties of a lower depth.
  using KeyOf = std::function<std::optional<std::string>(const Member& property, size_t document)>;
  // Then those of properties. False: ask for fewer documents.
  Result<bool> read_by_value(RowReader& reader, size_t documents, const KeyOf& key_of);
  // Forgets all rows.
  void clear() {
    for (Found& found : of_member_) found = Found();
  }

  // The member's row for a document.
  RowPlace one(const Member& member, DocumentPlace place) const;
  // Of a nested member its rows, in their order.
  std::span<const RowPlace> all(const Member& member, DocumentPlace place) const {
    return of_member_[member.place].rows.all(place.id);
  }
  // Why a document cannot be composed: a row of some member is there and cannot be read. Null: it
  // can.
  const std::string* unreadable(DocumentPlace place) const;

 private:
  struct Found {
    std::vector<std::string> keys;  // of a property, distinct
    std::vector<int> key_of;        // of a property, by document; -1: none
    FoundRows rows;
  };

  // The place of the document's key in the lookup, or nothing.
  std::optional<size_t> key_of(const Member& member, DocumentPlace place) const;

  const Members& members_;
  std::vector<Found> of_member_;
};

}  // namespace syncline::compose

// PropertyRows: the rows of a plan's property members for a page of documents.
//
// Part of the composers. A property's row is found by the value of the field that it compares with,
// which may be another property's: they are read in the order of their depths.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/row_reader.h"

namespace syncline::compose {

class PropertyRows {
 public:
  explicit PropertyRows(const Members& members) : members_(members), of_member_(members.size()) {}

  // The compare key of a member's field in the document at a place, or nothing. It may ask row()
  // for properties of a lower depth.
  using KeyOf = std::function<std::optional<std::string>(const Member& property, size_t document)>;

  // False: ask for fewer documents.
  Result<bool> read(RowReader& reader, size_t documents, const KeyOf& key_of);
  // Forgets all rows.
  void clear() {
    for (Found& found : of_member_) found = Found();
  }

  // The row of this property for the document at a place.
  RowPlace row(const Member& property, size_t document) const;
  // Why it cannot be read; null: it can.
  const std::string* unreadable(const Member& property, size_t document) const;

 private:
  struct Found {
    std::vector<std::string> keys;  // distinct
    std::vector<int> key_of;        // by document; -1: none
    FoundRows rows;
  };

  const Members& members_;
  std::vector<Found> of_member_;
};

}  // namespace syncline::compose

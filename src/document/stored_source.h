// StoredSource: the _source of a document that somebody else wrote, cut into its members, so that
// ours can be put in and taken out while every other byte stays as its owner wrote it.
//
// Owner: a composer of a foreign plan; plain value, one thread. Numbers are never converted: a
// script that updates a document would write 12345678901234567890.5 back as a double.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/compare_value.h"

namespace syncline::document {

class StoredSource {
 public:
  // Nothing if the text is not a JSON object.
  static std::optional<StoredSource> parse(std::string_view json);

  // A top-level member's value as written, or nothing.
  std::optional<std::string_view> member(std::string_view name) const;

  // The value that a property may be compared with: a string, number or boolean at the path. A dot
  // leads into an object, or is part of a name. Nothing for arrays, objects and null.
  struct Scalar {
    ValueFamily family = ValueFamily::string;
    std::string key;  // as compare_key() makes it
  };
  std::optional<Scalar> scalar_at(std::string_view path) const;

  // This source on one line with the members of `own` (a JSON object of our making), and without
  // those of `ours` that are not in it. Nothing if that changes no value.
  std::optional<std::string> with(std::string_view own, const std::vector<std::string>& ours) const;

 private:
  struct Member {
    std::string name;
    std::string raw;   // "name":value as written, line breaks between tokens made blanks
    size_t value = 0;  // where in raw the value begins
    std::string_view value_text() const { return std::string_view(raw).substr(value); }
  };
  const Member* find(std::string_view name) const;

  std::vector<Member> members_;
};

}  // namespace syncline::document

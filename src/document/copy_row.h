// CopyRow: one line of COPY … TO STDOUT (text format) split into its fields.
//
// split() unescapes in place, so the line's buffer is the caller's and must outlive the fields.
// Owner: a loader or a lookup, which reuses it from row to row. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace syncline::document {

class CopyRow {
 public:
  // line: [data, data + size), with or without its '\n'. False if the number of fields is not
  // `columns`; fields() and the line are then of no use.
  bool split(char* data, size_t size, size_t columns);

  std::span<const std::optional<std::string_view>> fields() const { return fields_; }

 private:
  std::vector<std::optional<std::string_view>> fields_;
};

}  // namespace syncline::document

// LiteralReader: the tokens of PostgreSQL's array, range, composite and hstore literals.
//
// All four quote values in double quotes, with a backslash before an escaped character or with
// doubled quotes; what stands between the values is the caller's business. Owned by one parse of
// one literal, one thread. No allocation unless a value longer than 15 bytes is escaped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace syncline::document {

class LiteralReader {
 public:
  // literal must outlive the reader and the values read from it.
  explicit LiteralReader(std::string_view literal) : literal_(literal) {}

  bool at_end() const { return at_ == literal_.size(); }
  // The next character, '\0' at the end.
  char peek() const { return at_end() ? '\0' : literal_[at_]; }

  // Consumes the text if it comes next.
  bool take(char c);
  bool take(std::string_view text);

  // Reads the value up to a character of `stops`, or up to the closing quote if it begins with one.
  // False if it is not closed, or a bare value is empty. value is valid until the next read.
  bool read_value(std::string_view stops, std::string_view& value, bool& quoted);

 private:
  bool read_quoted(std::string_view& value);
  bool read_bare(std::string_view stops, std::string_view& value);

  std::string_view literal_;
  size_t at_ = 0;
  std::string unescaped_;
};

}  // namespace syncline::document

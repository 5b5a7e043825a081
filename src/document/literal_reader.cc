#include "document/literal_reader.h"

namespace syncline::document {

bool LiteralReader::take(char c) {
  if (at_end() || literal_[at_] != c) return false;
  ++at_;
  return true;
}

bool LiteralReader::take(std::string_view text) {
  if (!literal_.substr(at_).starts_with(text)) return false;
  at_ += text.size();
  return true;
}

bool LiteralReader::read_value(std::string_view stops, std::string_view& value, bool& quoted) {
  quoted = take('"');
  return quoted ? read_quoted(value) : read_bare(stops, value);
}

bool LiteralReader::read_quoted(std::string_view& value) {
  const size_t start = at_;
  size_t run = at_;
  unescaped_.clear();
  while (true) {
    const size_t found = literal_.find_first_of("\"\\", at_);
    if (found == std::string_view::npos) return false;
    const bool last = found + 1 == literal_.size();
    const bool closing = literal_[found] == '"' && (last || literal_[found + 1] != '"');
    if (closing) {
      at_ = found + 1;
      if (run == start) {
        value = literal_.substr(start, found - start);
      } else {
        value = unescaped_.append(literal_, run, found - run);
      }
      return true;
    }
    if (last) return false;
    // The character after the backslash or the quote stands for itself: it begins the next run.
    unescaped_.append(literal_, run, found - run);
    run = found + 1;
    at_ = found + 2;
  }
}

bool LiteralReader::read_bare(std::string_view stops, std::string_view& value) {
  const size_t start = at_;
  while (!at_end() && stops.find(literal_[at_]) == std::string_view::npos) {
    // Nothing that PostgreSQL prints bare holds one of these.
    if (literal_[at_] == '"' || literal_[at_] == '\\') return false;
    ++at_;
  }
  value = literal_.substr(start, at_ - start);
  return !value.empty();
}

}  // namespace syncline::document

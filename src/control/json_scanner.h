// JsonScanner: finds the place in a text at which it stops being JSON, and says what was expected
// there. Only for texts that were refused already: it builds nothing.
//
// Lives on the stack of the function that explains the refusal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::control {

struct JsonFault {
  size_t offset = 0;
  // "expected ',' or '}'"; empty: there is none before the end, or the token that was asked for.
  std::string what;
};

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  // The first fault, or the n-th token, if that comes before: a field's name, or the beginning of a
  // value. They are counted from 1 in the order of the text.
  JsonFault find(size_t token = SIZE_MAX);

 private:
  enum class Next { value, value_or_end, name, name_or_end, colon, comma_or_end, nothing };

  bool step();
  bool value();
  bool name();
  bool literal(std::string_view word);
  bool number();
  bool string();
  bool escape();
  bool surrogate_pair();
  bool hexadecimal_digits(unsigned& code);
  bool utf8_character();
  bool digits();
  bool close();
  bool token();
  bool fail(std::string_view what);

  void skip_blanks();
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool in_object() const { return !open_.empty() && open_.back() == '{'; }

  std::string_view text_;
  size_t at_ = 0;
  size_t tokens_ = 0;
  size_t wanted_token_ = SIZE_MAX;
  Next next_ = Next::value;
  std::vector<char> open_;
  JsonFault fault_;
};

// "line 3, column 14": both from 1, columns in characters.
std::string place_in_text(std::string_view text, size_t offset);

}  // namespace syncline::control

#include "control/json_scanner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace syncline::control {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool is_high_surrogate(unsigned code) {
  return code >= 0xD800 && code <= 0xDBFF;
}

bool is_low_surrogate(unsigned code) {
  return code >= 0xDC00 && code <= 0xDFFF;
}

}  // namespace

JsonFault JsonScanner::find(size_t token) {
  wanted_token_ = token;
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  do skip_blanks();
  while (step());
  return fault_;
}

void JsonScanner::skip_blanks() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

bool JsonScanner::fail(std::string_view what) {
  fault_ = {std::min(at_, text_.size()), std::string(what)};
  return false;
}

// False: the token that was asked for begins here.
bool JsonScanner::token() {
  return ++tokens_ != wanted_token_ || fail("");
}

bool JsonScanner::step() {
  switch (next_) {
    case Next::value_or_end:
      if (peek() == ']') return close();
      return value();
    case Next::value:
      return value();
    case Next::name_or_end:
      if (peek() == '}') return close();
      return name();
    case Next::name:
      return name();
    case Next::colon:
      if (peek() != ':') return fail("expected ':'");
      ++at_;
      next_ = Next::value;
      return true;
    case Next::comma_or_end:
      if (peek() == (in_object() ? '}' : ']')) return close();
      if (peek() != ',') return fail(in_object() ? "expected ',' or '}'" : "expected ',' or ']'");
      ++at_;
      next_ = in_object() ? Next::name : Next::value;
      return true;
    case Next::nothing:
      break;
  }
  return at_end() ? fail("") : fail("expected the end");
}

bool JsonScanner::close() {
  ++at_;
  open_.pop_back();
  next_ = open_.empty() ? Next::nothing : Next::comma_or_end;
  return true;
}

bool JsonScanner::name() {
  const bool may_end = next_ == Next::name_or_end;
  if (peek() != '"')
    return fail(may_end ? "expected a field in double quotes or '}'"
                        : "expected a field in double quotes");
  next_ = Next::colon;
  return token() && string();
}

bool JsonScanner::value() {
  const bool may_end = next_ == Next::value_or_end;
  const char first = peek();
  const bool begins = !at_end() && std::string_view("{[\"-tfn").find(first) != std::string::npos;
  if (!begins && !is_digit(first))
    return fail(may_end ? "expected a value or ']'" : "expected a value");
  if (!token()) return false;
  if (first == '{' || first == '[') {
    ++at_;
    open_.push_back(first);
    next_ = first == '{' ? Next::name_or_end : Next::value_or_end;
    return true;
  }
  next_ = open_.empty() ? Next::nothing : Next::comma_or_end;
  switch (first) {
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

bool JsonScanner::literal(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return fail("expected a value");
  at_ += word.size();
  return true;
}

bool JsonScanner::digits() {
  if (!is_digit(peek())) return fail("expected a digit");
  while (is_digit(peek())) ++at_;
  return true;
}

bool JsonScanner::number() {
  const size_t begin = at_;
  if (peek() == '-') ++at_;
  if (peek() == '0') {
    ++at_;
  } else if (!digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!digits()) return false;
  }
  const std::string given(text_.substr(begin, at_ - begin));
  if (std::isfinite(std::strtod(given.c_str(), nullptr))) return true;
  at_ = begin;
  return fail("the number is too large");
}

bool JsonScanner::string() {
  for (++at_; !at_end();) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c < 0x20) return fail("expected an escape such as \\n in place of a control character");
    if (c == '\\' ? !escape() : !utf8_character()) return false;
  }
  return fail("expected '\"' at the end of a text");
}

bool JsonScanner::escape() {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  ++at_;
  if (peek() == 'u') return surrogate_pair();
  if (at_end() || kEscapes.find(peek()) == std::string_view::npos)
    return fail("expected one of \" \\ / b f n r t u after a backslash");
  ++at_;
  return true;
}

bool JsonScanner::surrogate_pair() {
  unsigned code = 0;
  ++at_;
  if (!hexadecimal_digits(code)) return false;
  if (is_low_surrogate(code)) return fail("expected the first half of a pair \\u…\\u… before");
  if (!is_high_surrogate(code)) return true;
  constexpr std::string_view kSecondHalf = "expected the second half of a pair \\u…\\u…";
  if (!text_.substr(at_).starts_with("\\u")) return fail(kSecondHalf);
  at_ += 2;
  if (!hexadecimal_digits(code)) return false;
  return is_low_surrogate(code) || fail(kSecondHalf);
}

bool JsonScanner::hexadecimal_digits(unsigned& code) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  const std::string given(text_.substr(at_, 4));
  const size_t good = std::min(given.find_first_not_of(kDigits), given.size());
  at_ += good;
  if (good < 4) return fail("expected four hexadecimal digits after \\u");
  code = static_cast<unsigned>(std::strtoul(given.c_str(), nullptr, 16));
  return true;
}

bool JsonScanner::utf8_character() {
  const auto first = static_cast<unsigned char>(text_[at_]);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  const std::string_view whole = text_.substr(at_, length);
  bool proper = length > 0 && whole.size() == length &&
                std::all_of(whole.begin() + 1, whole.end(), is_continuation);
  if (proper && length > 2) {
    const auto second = static_cast<unsigned char>(whole[1]);
    proper = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F) &&
             !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
  }
  if (!proper) return fail("expected UTF-8");
  at_ += length;
  return true;
}

std::string place_in_text(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t last_break = before.rfind('\n');
  const std::string_view line =
      last_break == std::string_view::npos ? before : before.substr(last_break + 1);
  const auto lines = std::count(before.begin(), before.end(), '\n') + 1;
  const auto columns = std::ssize(line) - std::count_if(line.begin(), line.end(), is_continuation);
  return "line " + std::to_string(lines) + ", column " + std::to_string(columns + 1);
}

}  // namespace syncline::control

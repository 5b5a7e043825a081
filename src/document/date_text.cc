#include "document/date_text.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

// PostgreSQL's limits: Julian day 0, and where its 32-bit days and 64-bit microseconds end.
constexpr int64_t kYearMin = -4713;
constexpr int kFirstDayOfYearMin = 1124;  // November 24
constexpr int64_t kDateYearMax = 5874897;
constexpr int64_t kTimestampYearMax = 294276;
constexpr size_t kYearDigitsMax = 7;
constexpr size_t kFractionDigitsMax = 6;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether text has the shape of a pattern in which '0' stands for any digit.
bool has_shape(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == '0' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  }
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

size_t leading_digits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

// A date or timestamp cut into its pieces; all are views into the text.
struct Pieces {
  std::string_view year;       // digits, without a sign
  std::string_view month_day;  // -MM-DD
  std::string_view time;       // HH:MM:SS[.ffffff], empty for a date
};

// HH:MM:SS with or without a fraction.
bool is_time(std::string_view time) {
  if (!has_shape(time.substr(0, 8), "00:00:00")) return false;
  const std::string_view fraction = time.substr(8);
  return fraction.empty() || (fraction[0] == '.' && fraction.size() > 1 &&
                              leading_digits(fraction.substr(1)) == fraction.size() - 1);
}

bool cut(Kind kind, std::string_view text, char separator, Pieces& pieces) {
  const size_t year_digits = leading_digits(text);
  if (year_digits < 4 || year_digits > kYearDigitsMax) return false;
  pieces.year = text.substr(0, year_digits);
  text.remove_prefix(year_digits);
  pieces.month_day = text.substr(0, 6);
  if (!has_shape(pieces.month_day, "-00-00")) return false;
  text.remove_prefix(6);
  if (kind == Kind::date) return text.empty();
  if (text.empty() || text[0] != separator) return false;
  pieces.time = text.substr(1);
  return is_time(pieces.time);
}

int64_t to_int(std::string_view digits) {
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void append_four_digits(int64_t value, std::string& out) {
  const std::string digits = std::to_string(value);
  if (digits.size() < 4) out.append(4 - digits.size(), '0');
  out.append(digits);
}

// The year before Christ as ISO 8601 counts: 1 BC is 0000, 44 BC is -0043.
void append_year_bc(std::string_view year, std::string& out) {
  const int64_t before_zero = to_int(year) - 1;
  if (before_zero > 0) out.push_back('-');
  append_four_digits(before_zero, out);
}

bool is_leap_year(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool is_calendar_day(int64_t year, int64_t month, int64_t day) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const int leap_day = month == 2 && is_leap_year(year) ? 1 : 0;
  return day <= kDays[static_cast<size_t>(month - 1)] + leap_day;
}

bool is_in_range(Kind kind, int64_t year, int64_t month, int64_t day) {
  const int64_t year_max = kind == Kind::date ? kDateYearMax : kTimestampYearMax;
  if (year > year_max || year < kYearMin) return false;
  return year > kYearMin || month * 100 + day >= kFirstDayOfYearMin;
}

// As PostgreSQL prints times: no hour 24, no leap second, no trailing zeros in the fraction.
bool is_canonical_time(std::string_view time) {
  if (time.substr(0, 2) > "23" || time.substr(3, 2) > "59" || time.substr(6, 2) > "59") {
    return false;
  }
  if (time.size() == 8) return true;
  return time.size() - 9 <= kFractionDigitsMax && time.back() != '0';
}

// '-' before a year below 0, '+' before one above 9999, and no sign between, always as short as can
// be with at least four digits.
bool is_canonical_year(char sign, std::string_view year) {
  if (year.size() > 4 && (sign == '\0' || year[0] == '0')) return false;
  if (year.size() == 4 && (sign == '+' || (sign == '-' && year == "0000"))) return false;
  return true;
}

}  // namespace

DateText append_iso_date(Kind kind, std::string_view text, std::string& out) {
  if (text == "infinity" || text == "-infinity") return DateText::infinite;
  const bool before_christ = take_suffix(text, " BC");
  if (kind == Kind::timestamptz && !take_suffix(text, "+00")) return DateText::foreign;
  Pieces pieces;
  if (!cut(kind, text, ' ', pieces)) return DateText::foreign;
  if (before_christ) {
    if (to_int(pieces.year) == 0) return DateText::foreign;
    append_year_bc(pieces.year, out);
  } else {
    if (pieces.year.size() > 4) out.push_back('+');
    out.append(pieces.year);
  }
  out.append(pieces.month_day);
  if (kind == Kind::date) return DateText::written;
  out.push_back('T');
  out.append(pieces.time);
  if (kind == Kind::timestamptz) out.push_back('Z');
  return DateText::written;
}

std::optional<std::string> postgres_date(Kind kind, std::string_view iso) {
  const char sign = iso.starts_with('-') ? '-' : iso.starts_with('+') ? '+' : '\0';
  if (sign != '\0') iso.remove_prefix(1);
  if (kind == Kind::timestamptz && !take_suffix(iso, "Z")) return std::nullopt;
  Pieces pieces;
  if (!cut(kind, iso, 'T', pieces)) return std::nullopt;
  if (!is_canonical_year(sign, pieces.year)) return std::nullopt;
  const int64_t year = sign == '-' ? -to_int(pieces.year) : to_int(pieces.year);
  const int64_t month = to_int(pieces.month_day.substr(1, 2));
  const int64_t day = to_int(pieces.month_day.substr(4, 2));
  if (!is_calendar_day(year, month, day) || !is_in_range(kind, year, month, day)) {
    return std::nullopt;
  }
  if (kind != Kind::date && !is_canonical_time(pieces.time)) return std::nullopt;

  std::string text;
  append_four_digits(year > 0 ? year : 1 - year, text);
  text.append(pieces.month_day);
  if (kind != Kind::date) text.append(" ").append(pieces.time);
  if (kind == Kind::timestamptz) text.append("+00");
  if (year <= 0) text.append(" BC");
  return text;
}

}  // namespace syncline::document

#include "document/number_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace syncline::document {
namespace {

// What numeric can hold before and after the point.
constexpr size_t kNumericDigitsMax = 131072;
constexpr size_t kNumericScaleMax = 16383;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text;
}

bool is_zero(std::string_view text) {
  return text.find_first_of("123456789") == std::string_view::npos;
}

template <typename Int>
bool is_canonical_int(std::string_view text) {
  if (!is_json_number(text) || text == "-0") return false;
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_canonical_numeric(std::string_view text) {
  if (!is_json_number(text) || text.find_first_of("eE") != std::string_view::npos) return false;
  if (text.starts_with('-') && is_zero(text)) return false;
  text = without_sign(text);
  const size_t point = std::min(text.find('.'), text.size());
  return point <= kNumericDigitsMax && text.size() - point <= kNumericScaleMax + 1;
}

// A float cut into its significant digits and the power of ten of the first one.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

// Precondition: text is a JSON number without a sign and 'E', not zero, of bounded size.
Decimal to_decimal(std::string_view text) {
  Decimal decimal;
  const size_t e = std::min(text.find('e'), text.size());
  if (e < text.size()) {
    const size_t start = e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(text.data() + start, text.data() + text.size(), decimal.exponent);
  }
  const std::string_view mantissa = text.substr(0, e);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  decimal.digits.append(mantissa.substr(0, point));
  if (point < mantissa.size()) decimal.digits.append(mantissa.substr(point + 1));
  const size_t zeros = decimal.digits.find_first_not_of('0');
  decimal.exponent += static_cast<int>(point) - 1 - static_cast<int>(zeros);
  decimal.digits.erase(0, zeros);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

// As PostgreSQL's shortest-precise output writes it: d.ddde+XX below 1e-4 and from 10^digits_fixed.
std::string to_float_text(const Decimal& decimal, int digits_fixed) {
  std::string text = decimal.digits;
  const int exponent = decimal.exponent;
  if (exponent < -4 || exponent >= digits_fixed) {
    if (text.size() > 1) text.insert(1, 1, '.');
    text.append(exponent < 0 ? "e-" : "e+");
    const std::string power = std::to_string(std::abs(exponent));
    return text.append(power.size() < 2 ? "0" : "").append(power);
  }
  if (exponent < 0) return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + text;
  const size_t whole = static_cast<size_t>(exponent) + 1;
  if (text.size() <= whole) return text.append(whole - text.size(), '0');
  return text.insert(whole, 1, '.');
}

// digits_max: what a round trip needs at most.
template <typename Float>
bool is_canonical_float(std::string_view text, size_t digits_max, int digits_fixed) {
  constexpr size_t kSizeMax = 32;
  if (text.size() > kSizeMax || !is_json_number(text)) return false;
  if (text.find('E') != std::string_view::npos) return false;
  const std::string_view magnitude = without_sign(text);
  if (is_zero(magnitude)) return magnitude == "0";
  Float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Also out of range are those that underflow to zero; PostgreSQL's cast refuses both.
  if (error != std::errc() || end != text.data() + text.size()) return false;
  const Decimal decimal = to_decimal(magnitude);
  return decimal.digits.size() <= digits_max && to_float_text(decimal, digits_fixed) == magnitude;
}

}  // namespace

bool is_json_number(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t power = at;
    at = skip_digits(text, power);
    if (at == power) return false;
  }
  return at == text.size();
}

bool is_not_finite(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

bool is_canonical_number(std::string_view type, std::string_view text) {
  if (type == "int4") return is_canonical_int<int32_t>(text);
  if (type == "int8") return is_canonical_int<int64_t>(text);
  if (type == "int2") return is_canonical_int<int16_t>(text);
  if (type == "oid") return is_canonical_int<uint32_t>(text);
  if (type == "float8") return is_canonical_float<double>(text, 17, 15);
  if (type == "float4") return is_canonical_float<float>(text, 9, 6);
  return is_canonical_numeric(text);
}

}  // namespace syncline::document

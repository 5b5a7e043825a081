#include "document/compare_value.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "document/canonical_text.h"
#include "document/number_text.h"
#include "document/value_writer.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

// Whole numbers of up to this many digits are their own key.
constexpr size_t kPlainDigitsMax = 19;
// PostgreSQL refuses longer exponents; no column can hold such a number.
constexpr size_t kExponentDigitsMax = 6;

constexpr std::string_view kCatalogPrefix = "pg_catalog.";

bool is_whole_number_type(std::string_view name) {
  return name == "int2" || name == "int4" || name == "int8";
}

// The digits without leading and trailing zeros, and the power of ten of the last one.
std::string digits_of(std::string_view mantissa, int64_t& exponent) {
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  if (point < mantissa.size()) {
    digits.append(mantissa.substr(point + 1));
    exponent -= static_cast<int64_t>(mantissa.size() - point - 1);
  }
  const size_t end = digits.find_last_not_of('0');
  if (end == std::string::npos) return {};
  exponent += static_cast<int64_t>(digits.size() - end - 1);
  digits.erase(end + 1);
  digits.erase(0, digits.find_first_not_of('0'));
  return digits;
}

}  // namespace

std::string_view family_name(ValueFamily family) {
  switch (family) {
    case ValueFamily::number:
      return "number";
    case ValueFamily::string:
      return "string";
    case ValueFamily::boolean:
      return "boolean";
    case ValueFamily::date:
      return "date";
  }
  return "";
}

std::optional<ValueFamily> family_of(const PgType& type) {
  switch (type.kind) {
    case Kind::number:
      return ValueFamily::number;
    case Kind::boolean:
      return ValueFamily::boolean;
    case Kind::date:
    case Kind::timestamp:
    case Kind::timestamptz:
      return ValueFamily::date;
    case Kind::text:
    case Kind::padded_text:
    case Kind::bytea:
      return ValueFamily::string;
    default:
      return std::nullopt;
  }
}

std::optional<ValueFamily> family_of_field(std::string_view field_type) {
  constexpr std::array<std::string_view, 9> kNumbers = {
      "long",  "integer",    "short",        "byte",         "double",
      "float", "half_float", "scaled_float", "unsigned_long"};
  constexpr std::array<std::string_view, 7> kStrings = {
      "text", "keyword", "ip", "wildcard", "constant_keyword", "match_only_text", "binary"};
  const auto among = [&](const auto& names) {
    return std::find(names.begin(), names.end(), field_type) != names.end();
  };
  if (among(kNumbers)) return ValueFamily::number;
  if (among(kStrings)) return ValueFamily::string;
  if (field_type == "boolean") return ValueFamily::boolean;
  if (field_type == "date" || field_type == "date_nanos") return ValueFamily::date;
  return std::nullopt;
}

std::string number_key(std::string_view json_number) {
  const bool negative = json_number.starts_with('-');
  if (negative) json_number.remove_prefix(1);
  int64_t exponent = 0;
  const size_t e = std::min(json_number.find_first_of("eE"), json_number.size());
  if (e < json_number.size()) {
    std::string_view power = json_number.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    if (power.size() > kExponentDigitsMax + 1) return std::string(json_number);
    std::from_chars(power.data(), power.data() + power.size(), exponent);
  }
  std::string key = digits_of(json_number.substr(0, e), exponent);
  if (key.empty()) return "0";
  if (exponent >= 0 && key.size() + static_cast<size_t>(exponent) <= kPlainDigitsMax) {
    key.append(static_cast<size_t>(exponent), '0');
  } else {
    key.append("e").append(std::to_string(exponent));
  }
  return negative ? "-" + key : key;
}

std::optional<std::string> compare_key(const PgType& type, std::string_view text) {
  std::string key;
  if (!family_of(type) || !append_id_text(type, text, key)) return std::nullopt;
  return type.kind == Kind::number ? number_key(key) : key;
}

std::optional<std::string> text_of_key(const PgType& type, std::string_view key) {
  if (type.kind != Kind::number) return postgres_text(type, key);
  std::string_view name = type.name;
  if (name.starts_with(kCatalogPrefix)) name.remove_prefix(kCatalogPrefix.size());
  if (is_whole_number_type(name)) {
    if (!is_canonical_number(name, key)) return std::nullopt;
  } else if (!is_json_number(key)) {
    return std::nullopt;
  }
  return std::string(key);
}

}  // namespace syncline::document

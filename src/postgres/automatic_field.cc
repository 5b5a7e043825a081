#include "postgres/automatic_field.h"

#include <algorithm>
#include <string_view>

namespace syncline::postgres {

namespace {

using Kind = PgType::Kind;

// A value that the type cannot take is stored all the same, and is not searchable.
constexpr const char* kIgnoreMalformed = R"({"ignore_malformed":true})";
// Of any shape: stored, not searchable. What json holds in one row need not fit what it holds in
// another.
constexpr const char* kAnyShape = R"({"enabled":false})";

// One that can be a field's name as it stands: dots would be objects, and blanks none at all.
bool is_plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c > ' ' && c != '.' && c != '"' && c != '\\';
  });
}

std::string property(std::string_view name, const AutomaticField& field) {
  std::string text = "\"" + std::string(name) + R"(":{"type":")" + field.type + "\"";
  if (!field.params_json.empty())
    text += "," + field.params_json.substr(1, field.params_json.size() - 2);
  return text + "}";
}

AutomaticField composite_field(const PgType& type) {
  std::string properties;
  for (const PgType::Field& field : type.fields) {
    if (!is_plain(field.name)) return {"object", kAnyShape};
    properties +=
        (properties.empty() ? "" : ",") + property(field.name, automatic_field(*field.type));
  }
  return {"object", R"({"properties":{)" + properties + "}}"};
}

// A range field wants bounds that its own steps tell apart: a range of timestamps within one
// millisecond, or of numerics closer than doubles, has its end before its start there. Of such the
// bounds are fields.
AutomaticField range_field(const PgType& type) {
  const PgType& bound = *type.element;
  if (bound.name == "pg_catalog.int4") return {"integer_range", ""};
  if (bound.name == "pg_catalog.int8") return {"long_range", ""};
  if (bound.kind == Kind::date) return {"date_range", ""};
  std::string properties;
  for (const char* name : {"gte", "gt", "lte", "lt"})
    properties += (properties.empty() ? "" : ",") + property(name, automatic_field(bound));
  return {"object", R"({"properties":{)" + properties + "}}"};
}

AutomaticField number_field(const PgType& type) {
  if (type.name == "pg_catalog.int8") return {"long", ""};
  if (type.name == "pg_catalog.float4") return {"float", ""};
  if (type.name == "pg_catalog.float8") return {"double", ""};
  if (type.name == "pg_catalog.numeric") return {"double", kIgnoreMalformed};
  return {"integer", ""};
}

}  // namespace

AutomaticField automatic_field(const PgType& type) {
  switch (type.kind) {
    case Kind::boolean:
      return {"boolean", ""};
    case Kind::date:
    case Kind::timestamp:
    case Kind::timestamptz:
      return {"date", ""};
    case Kind::json:
    case Kind::hstore:
      return {"object", kAnyShape};
    case Kind::composite:
      return composite_field(type);
    case Kind::point:
      return {"geo_point", kIgnoreMalformed};
    case Kind::bytea:
      return {"binary", ""};
    case Kind::array:
      return automatic_field(*type.element);
    case Kind::range:
      return range_field(type);
    case Kind::number:
      return number_field(type);
    default:
      if (type.name == "pg_catalog.inet") return {"ip", kIgnoreMalformed};
      return {"text", ""};
  }
}

}  // namespace syncline::postgres

// Types and shorthands for the tests of this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document/value_writer.h"
#include "model/pg_type.h"

namespace syncline::document {

inline PgTypePtr make_type(PgType::Kind kind, std::string name) {
  auto type = std::make_shared<PgType>();
  type->kind = kind;
  type->name = "pg_catalog." + std::move(name);
  return type;
}

inline PgTypePtr make_array(PgTypePtr element, char delimiter = ',') {
  auto type = std::make_shared<PgType>();
  type->kind = PgType::Kind::array;
  type->delimiter = delimiter;
  type->element = std::move(element);
  return type;
}

inline PgTypePtr make_range(PgTypePtr subtype) {
  auto type = std::make_shared<PgType>();
  type->kind = PgType::Kind::range;
  type->element = std::move(subtype);
  return type;
}

inline PgTypePtr make_composite(std::vector<PgType::Field> fields) {
  auto type = std::make_shared<PgType>();
  type->kind = PgType::Kind::composite;
  type->fields = std::move(fields);
  return type;
}

inline PgTypePtr int4_type() {
  return make_type(PgType::Kind::number, "int4");
}
inline PgTypePtr numeric_type() {
  return make_type(PgType::Kind::number, "numeric");
}
inline PgTypePtr bool_type() {
  return make_type(PgType::Kind::boolean, "bool");
}
inline PgTypePtr text_type() {
  return make_type(PgType::Kind::text, "text");
}
inline PgTypePtr date_type() {
  return make_type(PgType::Kind::date, "date");
}
inline PgTypePtr timestamp_type() {
  return make_type(PgType::Kind::timestamp, "timestamp");
}
inline PgTypePtr timestamptz_type() {
  return make_type(PgType::Kind::timestamptz, "timestamptz");
}
inline PgTypePtr json_type() {
  return make_type(PgType::Kind::json, "json");
}

inline std::string render(const PgTypePtr& type, std::string_view text) {
  std::string out = "before ";
  append_value(*type, text, out);
  return out.substr(7);
}

using Values = std::vector<std::optional<std::string_view>>;

}  // namespace syncline::document

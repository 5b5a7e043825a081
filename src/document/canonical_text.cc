#include "document/canonical_text.h"

#include "document/bytea_text.h"
#include "document/date_text.h"
#include "document/number_text.h"
#include "document/value_writer.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

constexpr std::string_view kCatalogPrefix = "pg_catalog.";

std::string_view without_catalog(std::string_view name) {
  if (name.starts_with(kCatalogPrefix)) name.remove_prefix(kCatalogPrefix.size());
  return name;
}

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_canonical_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == '-' ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return true;
}

// Text types and those of which only PostgreSQL knows the form: what encoding would change is not
// canonical, all else passes that a database may hold: of encoding SQL_ASCII any bytes but NUL.
bool is_canonical_text(const PgType& type, std::string_view text) {
  if (type.name == "pg_catalog.uuid") return is_canonical_uuid(text);
  if (type.name == "pg_catalog.oid") return is_canonical_number("oid", text);
  if (text.find('\0') != std::string_view::npos) return false;
  std::string encoded;
  return append_id_text(type, text, encoded) && encoded == text;
}

std::optional<std::string> text_if(bool canonical, std::string_view text) {
  if (!canonical) return std::nullopt;
  return std::string(text);
}

}  // namespace

std::optional<std::string> postgres_text(const PgType& type, std::string_view id_text) {
  switch (type.kind) {
    case Kind::number:
      return text_if(is_canonical_number(without_catalog(type.name), id_text), id_text);
    case Kind::boolean:
      return text_if(id_text == "true" || id_text == "false", id_text);
    case Kind::date:
    case Kind::timestamp:
    case Kind::timestamptz:
      return postgres_date(type.kind, id_text);
    case Kind::bytea:
      return hex_of_base64(id_text);
    case Kind::text:
    case Kind::padded_text:
      return text_if(is_canonical_text(type, id_text), id_text);
    default:
      return std::nullopt;
  }
}

}  // namespace syncline::document

#include "document/canonical_text.h"

#include <cstddef>
#include <cstdint>

#include "document/bytea_text.h"
#include "document/date_text.h"
#include "document/number_text.h"
#include "document/value_writer.h"

namespace syncline {
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
// canonical, all else passes.
bool is_canonical_text(const PgType& type, std::string_view text) {
  if (type.name == "pg_catalog.uuid") return is_canonical_uuid(text);
  if (type.name == "pg_catalog.oid") return is_canonical_number("oid", text);
  if (!is_storable_text(text)) return false;
  std::string encoded;
  return append_id_text(type, text, encoded) && encoded == text;
}

std::optional<std::string> text_if(bool canonical, std::string_view text) {
  if (!canonical) return std::nullopt;
  return std::string(text);
}

// How many continuation bytes follow the lead byte and the limits of the first of them, by which
// overlong forms, surrogates and what lies above U+10FFFF are told.
struct Sequence {
  size_t continuations = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
};

std::optional<Sequence> sequence_of(uint8_t lead) {
  if (lead < 0xc2 || lead > 0xf4) return std::nullopt;
  if (lead < 0xe0) return Sequence{1};
  if (lead == 0xe0) return Sequence{2, 0xa0, 0xbf};
  if (lead == 0xed) return Sequence{2, 0x80, 0x9f};
  if (lead < 0xf0) return Sequence{2};
  if (lead == 0xf0) return Sequence{3, 0x90, 0xbf};
  if (lead == 0xf4) return Sequence{3, 0x80, 0x8f};
  return Sequence{3};
}

// Length of the multi-byte character at the front of the text, 0 if it is not one.
size_t character_size(std::string_view text) {
  const auto sequence = sequence_of(static_cast<uint8_t>(text[0]));
  if (!sequence || text.size() <= sequence->continuations) return 0;
  const auto second = static_cast<uint8_t>(text[1]);
  if (second < sequence->low || second > sequence->high) return 0;
  for (size_t i = 2; i <= sequence->continuations; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0U) != 0x80) return 0;
  }
  return sequence->continuations + 1;
}

}  // namespace

bool is_storable_text(std::string_view text) {
  while (!text.empty()) {
    const auto byte = static_cast<uint8_t>(text[0]);
    const size_t size = byte == 0 ? 0 : byte < 0x80 ? 1 : character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

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

}  // namespace syncline

#include "document/document_id.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "document/canonical_text.h"
#include "document/literal_reader.h"
#include "document/value_writer.h"

namespace syncline::document {
namespace {

constexpr char kSeparator = '_';
constexpr std::string_view kEscaped = "%_";

// Types whose text form is a string, but which have no equality by which to find a row.
constexpr std::array<std::string_view, 8> kNotComparable = {
    "pg_catalog.xml",  "pg_catalog.box",  "pg_catalog.circle",  "pg_catalog.line",
    "pg_catalog.lseg", "pg_catalog.path", "pg_catalog.polygon", "pg_catalog.jsonpath"};

void append_escaped(std::string_view part, std::string& id) {
  while (true) {
    const size_t found = part.find_first_of(kEscaped);
    id.append(part.substr(0, found));
    if (found == std::string_view::npos) return;
    id.append(part[found] == '%' ? "%25" : "%5F");
    part.remove_prefix(found + 1);
  }
}

std::optional<std::string> unescape(std::string_view part) {
  std::string text;
  while (true) {
    const size_t found = part.find('%');
    text.append(part.substr(0, found));
    if (found == std::string_view::npos) return text;
    const std::string_view escape = part.substr(found, 3);
    if (escape != "%25" && escape != "%5F") return std::nullopt;
    text.push_back(escape == "%25" ? '%' : '_');
    part.remove_prefix(found + escape.size());
  }
}

// The unescaped parts of an id of several columns.
std::optional<std::vector<std::string>> split_id(std::string_view id, size_t parts) {
  const auto separators = static_cast<size_t>(std::count(id.begin(), id.end(), kSeparator));
  if (separators + 1 != parts) return std::nullopt;
  std::vector<std::string> texts;
  texts.reserve(parts);
  while (texts.size() < parts) {
    const size_t end = std::min(id.find(kSeparator), id.size());
    auto text = unescape(id.substr(0, end));
    if (!text) return std::nullopt;
    texts.push_back(*std::move(text));
    id.remove_prefix(std::min(end + 1, id.size()));
  }
  return texts;
}

}  // namespace

DocumentIdCodec::DocumentIdCodec(std::vector<PgTypePtr> types) : types_(std::move(types)) {}

std::optional<std::string> DocumentIdCodec::encode(
    std::span<const std::optional<std::string_view>> values) const {
  assert(values.size() == types_.size());
  std::string id;
  std::string part;
  for (size_t i = 0; i < types_.size(); ++i) {
    if (!values[i]) return std::nullopt;
    if (types_.size() == 1) {
      if (!append_id_text(*types_[0], *values[0], id)) return std::nullopt;
      return id;
    }
    part.clear();
    if (!append_id_text(*types_[i], *values[i], part)) return std::nullopt;
    if (i > 0) id.push_back(kSeparator);
    append_escaped(part, id);
  }
  return id;
}

std::optional<std::vector<std::string>> DocumentIdCodec::decode(std::string_view id) const {
  std::optional<std::vector<std::string>> parts;
  if (types_.size() == 1) {
    parts.emplace(1, std::string(id));
  } else {
    parts = split_id(id, types_.size());
  }
  if (!parts) return std::nullopt;
  for (size_t i = 0; i < types_.size(); ++i) {
    auto text = postgres_text(*types_[i], (*parts)[i]);
    if (!text) return std::nullopt;
    (*parts)[i] = *std::move(text);
  }
  return parts;
}

bool DocumentIdCodec::supports(const PgType& type) {
  switch (type.kind) {
    case PgType::Kind::array:
    case PgType::Kind::json:
    case PgType::Kind::range:
    case PgType::Kind::composite:
    case PgType::Kind::hstore:
    case PgType::Kind::point:
      return false;
    default:
      break;
  }
  return std::find(kNotComparable.begin(), kNotComparable.end(), type.name) == kNotComparable.end();
}

std::optional<std::vector<std::string>> DocumentIdCodec::split_key(std::string_view key,
                                                                   size_t parts) {
  std::vector<std::string> texts;
  if (parts == 1) {
    texts.emplace_back(key);
    return texts;
  }
  LiteralReader in(key);
  if (!in.take('{')) return std::nullopt;
  while (texts.size() < parts) {
    if (!texts.empty() && !in.take(',')) return std::nullopt;
    std::string_view value;
    bool quoted = false;
    if (!in.read_value("{,}", value, quoted)) return std::nullopt;
    if (!quoted && value == "NULL") return std::nullopt;
    texts.emplace_back(value);
  }
  if (!in.take('}') || !in.at_end()) return std::nullopt;
  return texts;
}

}  // namespace syncline::document

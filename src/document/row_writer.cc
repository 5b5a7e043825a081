#include "document/row_writer.h"

#include <cassert>
#include <utility>

#include "document/value_writer.h"

namespace syncline::document {

namespace {

// Of a value as a JSON string, or as several ones.
size_t value_bound(const PgType& type, std::string_view text) {
  if (type.kind == PgType::Kind::bytea) return text.size() * 2 / 3 + 8;
  if (type.kind == PgType::Kind::json) return text.size();
  size_t escaped = 0, control = 0, between = 0;
  for (const char c : text) {
    escaped += static_cast<size_t>(c == '"' || c == '\\');
    control += static_cast<size_t>(static_cast<unsigned char>(c) < 0x20);
    between += static_cast<size_t>(c == ',' || c == '{' || c == '(');
  }
  const bool is_one = type.kind == PgType::Kind::text || type.kind == PgType::Kind::padded_text;
  return text.size() + escaped + 5 * control + (is_one ? 0 : 3 * between) + 8;
}

}  // namespace

RowWriter::RowWriter(std::vector<OutputField> fields) {
  members_.reserve(fields.size());
  for (OutputField& field : fields) {
    Member member{{}, std::move(field.type), field.column, field.overridden_by};
    append_json_string(field.alias, member.prefix);
    member.prefix.push_back(':');
    members_.push_back(std::move(member));
  }
}

void RowWriter::append_members(std::span<const std::optional<std::string_view>> values,
                               uint64_t present, std::string& out) const {
  for (const Member& member : members_) {
    if ((member.overridden_by & present) != 0) continue;
    assert(member.column < values.size());
    out.append(member.prefix);
    const std::optional<std::string_view>& value = values[member.column];
    if (value) {
      append_value(*member.type, *value, out);
    } else {
      out.append("null", 4);
    }
    out.push_back(',');
  }
}

size_t RowWriter::size_bound(std::span<const std::optional<std::string_view>> values) const {
  size_t bound = 2;
  for (const Member& member : members_) {
    const std::optional<std::string_view>& value = values[member.column];
    bound += member.prefix.size() + 1 + (value ? value_bound(*member.type, *value) : 4);
  }
  return bound;
}

}  // namespace syncline::document

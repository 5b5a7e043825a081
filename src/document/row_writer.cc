#include "document/row_writer.h"

#include <cassert>
#include <utility>

#include "document/value_writer.h"

namespace syncline {

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

}  // namespace syncline

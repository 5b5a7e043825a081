// The rules of names: resources, indexes, tables, columns, fields, URLs. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncline::control {

// Each answers what is wrong with the text, as a message for a Fault, or nothing.
std::optional<std::string> resource_name_fault(std::string_view name);
std::optional<std::string> index_name_fault(std::string_view index);
std::optional<std::string> capture_schema_fault(std::string_view schema);
std::optional<std::string> column_name_fault(std::string_view column);
std::optional<std::string> field_name_fault(std::string_view field);
std::optional<std::string> field_type_fault(std::string_view type);
// A text that goes into a header or a connection string: no control characters.
std::optional<std::string> plain_text_fault(std::string_view text);

struct TableName {
  std::string schema;
  std::string table;
};
// `t` or `schema.t`, each part literal or in double quotes. Sets `fault` and gives nothing if it is
// neither.
std::optional<TableName> parse_table_name(std::string_view text, std::string& fault);

// http(s)://host[/prefix], scheme in lower case and no slash at the end. Sets `fault` and gives
// nothing otherwise.
std::optional<std::string> parse_target_url(std::string_view url, std::string& fault);

}  // namespace syncline::control

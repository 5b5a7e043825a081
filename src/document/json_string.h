// JSON string literals: the innermost step of rendering a row.
//
// Pure functions, any thread. Bytes from 0x80 on are copied as they are: PostgreSQL gives valid
// UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace syncline::document {

// Appends a JSON string literal with quotes; scans 16 bytes at a time with SSE2 and appends whole
// runs.
void append_json_string(std::string_view text, std::string& out);

// The same without the quotes.
void append_json_escaped(std::string_view text, std::string& out);

}  // namespace syncline::document

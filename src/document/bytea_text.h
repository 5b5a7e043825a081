// bytea: PostgreSQL's hex text (\xdeadbeef) to base64 and back. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncline::document {

// Appends the base64 of a hex text. False, and nothing appended, if it is not of that form.
bool append_base64(std::string_view hex_text, std::string& out);

// The hex text of which append_base64() makes exactly this, or nothing.
std::optional<std::string> hex_of_base64(std::string_view base64);

}  // namespace syncline::document

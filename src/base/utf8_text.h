// UTF-8: where a text is not, and a form of it that can be shown.
//
// A database of encoding SQL_ASCII gives whatever bytes were put into it. Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace syncline {

// The place of the first byte that is part of no UTF-8 character; npos: there is none.
size_t find_not_utf8(std::string_view text);

// The text with each such byte as \xE9; where there is one, or what looks like it, a backslash as
// two, so that it can be read back.
std::string printable(std::string_view text);

// The text of which printable() makes this.
std::string from_printable(std::string_view shown);

}  // namespace syncline

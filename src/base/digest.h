// digest(): a short stable fingerprint of a text, to notice that a definition changed. Not for
// secrets. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace syncline {

// 32 hexadecimal digits (two independent 64-bit FNV-1a sums).
std::string digest(std::string_view text);

}  // namespace syncline

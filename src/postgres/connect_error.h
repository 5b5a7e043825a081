// What a failed attempt to connect means. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace syncline::postgres {

// The code of an attempt that reached no server.
inline constexpr const char* kNotReachable = "08001";

// `text`: libpq's message in its verbose form, one line or more for each address that was tried,
// with the SQLSTATE of those where a server answered. Retry, whatever it is: a password that was
// changed on one side first, or a database that is being restored, needs nobody here.
Error connect_error(std::string_view text);

}  // namespace syncline::postgres

// The text of a JSON value as it was written, for those who take documents apart.
//
// Pure function, any thread.
#pragma once

#include <simdjson.h>

#include <string_view>

namespace syncline::document {

// Without the white space around it; it lives as long as the parsed text. False: not JSON.
bool raw_text(simdjson::ondemand::value value, std::string_view& raw);

}  // namespace syncline::document

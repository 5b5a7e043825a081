// Logging: spdlog behind one include, so that the format is set in one place. Thread-safe.
//
// Messages never carry secrets or field values; pass what a cluster says through mask_values()
// first. As the last line of defence the log cuts the secrets that it was told of out of every
// message.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace syncline {

// Sets level and format of the process's log, which goes to standard error. Called once by main.
void configure_log(const std::string& level);

// From now on this secret, of this user if it is a password, does not appear in the log. The last
// thousand are remembered.
void hide_in_log(std::string_view secret, std::string_view user = {});

// A cluster's reason with quoted field values cut out and at most 500 bytes left.
std::string mask_values(std::string_view reason);

}  // namespace syncline

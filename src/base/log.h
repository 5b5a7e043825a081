// Logging: spdlog behind one include, so that the format is set in one place. Thread-safe.
//
// Messages never carry secrets or field values; pass what a cluster says through mask_values()
// first.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace syncline {

// Sets level and format of the process's log, which goes to standard error. Called once by main.
void configure_log(const std::string& level);

// A cluster's reason with quoted field values cut out and at most 500 bytes left.
std::string mask_values(std::string_view reason);

}  // namespace syncline

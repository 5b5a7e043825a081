// random_id(): 128 bits from the system's random device, as 32 hexadecimal digits. Any thread.
#pragma once

#include <string>

namespace syncline {

std::string random_id();

}  // namespace syncline

#include "base/random_id.h"

#include <cstdint>
#include <random>

namespace syncline {

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    for (uint32_t word = device(), digit = 0; digit < 8; ++digit, word >>= 4) {
      id += "0123456789abcdef"[word & 0xf];
    }
  }
  return id;
}

}  // namespace syncline

#include "base/digest.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace syncline {

std::string digest(std::string_view text) {
  uint64_t a = 14695981039346656037ULL, b = 0x9e3779b97f4a7c15ULL;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    a = (a ^ byte) * 1099511628211ULL;
    b = (b ^ (byte + 0x9eU)) * 1099511628211ULL;
    b ^= b >> 29;
  }
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(a),
                static_cast<unsigned long long>(b));
  return hex.data();
}

}  // namespace syncline

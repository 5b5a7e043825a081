#include "document/bytea_text.h"

#include <array>
#include <cstdint>

namespace syncline::document {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 0xff;

constexpr std::array<uint8_t, 256> make_table(std::string_view alphabet) {
  std::array<uint8_t, 256> table{};
  table.fill(kNone);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return table;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr auto kHexValues = make_table(kHexDigits);
constexpr auto kBase64Values = make_table(kAlphabet);

uint8_t hex_value(char c) {
  return kHexValues[static_cast<unsigned char>(c)];
}

bool is_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return false;
  for (const char c : digits) {
    if (hex_value(c) == kNone) return false;
  }
  return true;
}

uint32_t byte_at(std::string_view digits, size_t index) {
  return static_cast<uint32_t>(hex_value(digits[2 * index]) << 4U) |
         hex_value(digits[2 * index + 1]);
}

void append_group(uint32_t bits, size_t bytes, std::string& out) {
  for (size_t i = 0; i < 4; ++i) {
    out.push_back(i <= bytes ? kAlphabet[(bits >> (18 - 6 * i)) & 0x3fU] : '=');
  }
}

// The 24 bits of a group of four characters, its '=' counted as zeros, or nothing.
std::optional<uint32_t> group_bits(std::string_view group, size_t padding) {
  uint32_t bits = 0;
  for (size_t i = 0; i < 4 - padding; ++i) {
    const uint8_t value = kBase64Values[static_cast<unsigned char>(group[i])];
    if (value == kNone) return std::nullopt;
    bits |= static_cast<uint32_t>(value) << (18 - 6 * i);
  }
  // Bits that stand for no byte must be zero, else two texts would mean the same value.
  const uint32_t unused_mask = (1U << (8 * padding)) - 1;
  if ((bits & unused_mask) != 0) return std::nullopt;
  return bits;
}

}  // namespace

bool append_base64(std::string_view hex_text, std::string& out) {
  if (!hex_text.starts_with("\\x") || !is_hex(hex_text.substr(2))) return false;
  const std::string_view digits = hex_text.substr(2);
  const size_t size = digits.size() / 2;
  for (size_t at = 0; at < size; at += 3) {
    const size_t bytes = size - at < 3 ? size - at : 3;
    uint32_t bits = 0;
    for (size_t i = 0; i < bytes; ++i) bits |= byte_at(digits, at + i) << (16 - 8 * i);
    append_group(bits, bytes, out);
  }
  return true;
}

std::optional<std::string> hex_of_base64(std::string_view base64) {
  if (base64.size() % 4 != 0) return std::nullopt;
  const size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
  std::string hex = "\\x";
  for (size_t at = 0; at < base64.size(); at += 4) {
    const size_t missing = at + 4 == base64.size() ? padding : 0;
    const auto bits = group_bits(base64.substr(at, 4), missing);
    if (!bits) return std::nullopt;
    for (size_t i = 0; i < 3 - missing; ++i) {
      const uint32_t byte = (*bits >> (16 - 8 * i)) & 0xffU;
      hex.push_back(kHexDigits[byte >> 4U]);
      hex.push_back(kHexDigits[byte & 0xfU]);
    }
  }
  return hex;
}

}  // namespace syncline::document

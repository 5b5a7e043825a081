#include "document/json_string.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace syncline::document {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101U;
constexpr uint64_t kHighBits = 0x8080808080808080U;

bool is_special(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Whether any of eight bytes must be escaped: the classic zero-byte test, exact as a yes or no.
bool any_special(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t control = (word - kOnes * 0x20) & ~word;
  return ((control | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) &
          kHighBits) != 0;
}

template <typename Word>
Word load(const char* data) {
  Word word = 0;
  std::memcpy(&word, data, sizeof(word));
  return word;
}

// Position of the first special byte at or after `at`, or size.
size_t find_special_bytewise(const char* data, size_t at, size_t size) {
  while (at < size && !is_special(data[at])) ++at;
  return at;
}

// Fewer than 16 bytes: two overlapping words say whether there is anything to look for.
size_t find_special_short(const char* data, size_t at, size_t size) {
  const size_t length = size - at;
  const char* first = data + at;
  if (length >= 8) {
    if (!any_special(load<uint64_t>(first)) && !any_special(load<uint64_t>(data + size - 8))) {
      return size;
    }
  } else if (length >= 4) {
    const uint64_t low = load<uint32_t>(first);
    const uint64_t high = load<uint32_t>(data + size - 4);
    if (!any_special(low | (high << 32U))) return size;
  }
  return find_special_bytewise(data, at, size);
}

#ifdef __SSE2__
size_t find_special(const char* data, size_t at, size_t size) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control_max = _mm_set1_epi8(0x1f);
  for (; size - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(block, control_max), block));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return at + static_cast<size_t>(std::countr_zero(mask));
  }
  return find_special_short(data, at, size);
}
#else
size_t find_special(const char* data, size_t at, size_t size) {
  while (size - at >= 16 && !any_special(load<uint64_t>(data + at))) at += 8;
  return size - at >= 16 ? find_special_bytewise(data, at, size)
                         : find_special_short(data, at, size);
}
#endif

void append_escape(char c, std::string& out) {
  switch (c) {
    case '"':
      out.append("\\\"", 2);
      return;
    case '\\':
      out.append("\\\\", 2);
      return;
    case '\b':
      out.append("\\b", 2);
      return;
    case '\f':
      out.append("\\f", 2);
      return;
    case '\n':
      out.append("\\n", 2);
      return;
    case '\r':
      out.append("\\r", 2);
      return;
    case '\t':
      out.append("\\t", 2);
      return;
    default:
      break;
  }
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const std::array<char, 6> escape = {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 0xfU]};
  out.append(escape.data(), escape.size());
}

}  // namespace

void append_json_escaped(std::string_view text, std::string& out) {
  const char* data = text.data();
  const size_t size = text.size();
  size_t at = 0;
  while (true) {
    const size_t special = find_special(data, at, size);
    out.append(data + at, special - at);
    if (special == size) return;
    append_escape(data[special], out);
    at = special + 1;
  }
}

void append_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  append_json_escaped(text, out);
  out.push_back('"');
}

}  // namespace syncline::document

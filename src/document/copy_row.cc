#include "document/copy_row.h"

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace syncline::document {
namespace {

char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

// Unescapes [first, end) in place, where first is the first backslash; returns the new end.
char* unescape(char* first, char* end) {
  char* to = first;
  char* from = first;
  while (from < end) {
    if (*from == '\\' && from + 1 < end) {
      *to++ = unescaped(from[1]);
      from += 2;
    }
    const auto rest = static_cast<size_t>(end - from);
    auto* next = rest == 0 ? nullptr : static_cast<char*>(std::memchr(from, '\\', rest));
    // A backslash at the very end escapes nothing and stays.
    if (next == nullptr || next + 1 == end) next = end;
    const auto run = static_cast<size_t>(next - from);
    std::memmove(to, from, run);
    to += run;
    from = next;
  }
  return to;
}

// The fields of one line, taken in order as their ends are found.
class Splitter {
 public:
  Splitter(char* data, std::span<std::optional<std::string_view>> fields)
      : start_(data), fields_(fields) {}

  void on_backslash(char* at) {
    if (backslash_ == nullptr) backslash_ = at;
  }

  // False if there is a field too many.
  bool on_field_end(char* end) {
    if (count_ == fields_.size()) return false;
    std::optional<std::string_view>& field = fields_[count_++];
    if (backslash_ == nullptr) {
      field.emplace(start_, static_cast<size_t>(end - start_));
    } else {
      take_escaped(end, field);
      backslash_ = nullptr;
    }
    start_ = end + 1;
    return true;
  }

  bool complete() const { return count_ == fields_.size(); }

 private:
  void take_escaped(char* end, std::optional<std::string_view>& field) {
    const std::string_view raw(start_, static_cast<size_t>(end - start_));
    if (raw == "\\N") {
      field.reset();
    } else {
      field.emplace(start_, static_cast<size_t>(unescape(backslash_, end) - start_));
    }
  }

  char* start_;
  char* backslash_ = nullptr;  // the first one in the current field
  std::span<std::optional<std::string_view>> fields_;
  size_t count_ = 0;
};

bool on_byte(Splitter& splitter, char* at) {
  if (*at == '\t') return splitter.on_field_end(at);
  if (*at == '\\') splitter.on_backslash(at);
  return true;
}

bool scan(Splitter& splitter, char* at, char* end) {
#ifdef __SSE2__
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(block, tab), _mm_cmpeq_epi8(block, backslash))));
    for (; mask != 0; mask &= mask - 1) {
      if (!on_byte(splitter, at + std::countr_zero(mask))) return false;
    }
  }
#endif
  for (; at < end; ++at) {
    if (!on_byte(splitter, at)) return false;
  }
  return true;
}

}  // namespace

bool CopyRow::split(char* data, size_t size, size_t columns) {
  if (size > 0 && data[size - 1] == '\n') --size;
  fields_.resize(columns);
  if (columns == 0) return size == 0;
  Splitter splitter(data, fields_);
  return scan(splitter, data, data + size) && splitter.on_field_end(data + size) &&
         splitter.complete();
}

}  // namespace syncline::document

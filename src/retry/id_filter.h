// IdFilter: says of most ids that they are not in a set, without looking at the set. May say
// "maybe" of one that is not, never "no" of one that is. Nothing is ever taken out; it is made anew
// instead.
//
// Owner: ParkedStore, one for each plan with parked documents. Plain value, no threads. At most
// 1 MiB.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace syncline::retry {

class IdFilter {
 public:
  // For so many ids; with many more it says "maybe" ever more often: see is_crowded().
  explicit IdFilter(int64_t ids) : words_(words_for(ids)) {}

  void add(std::string_view id) {
    const uint64_t hash = std::hash<std::string_view>()(id);
    set(hash);
    set(second(hash));
    ++added_;
  }
  bool may_contain(std::string_view id) const {
    const uint64_t hash = std::hash<std::string_view>()(id);
    return is_set(hash) && is_set(second(hash));
  }
  // A larger one would be of more use.
  bool is_crowded() const {
    return words_.size() < kWordsMax &&
           added_ > static_cast<int64_t>(words_.size() * kWordBits / 8);
  }

 private:
  static constexpr size_t kWordBits = 64;
  static constexpr size_t kBitsPerId = 16;
  static constexpr size_t kWordsMin = 1024;
  static constexpr size_t kWordsMax = size_t{1} << 17;

  static size_t words_for(int64_t ids) {
    const size_t words = static_cast<size_t>(std::max<int64_t>(ids, 1)) * kBitsPerId / kWordBits;
    return std::clamp(std::bit_ceil(words + 1), kWordsMin, kWordsMax);
  }
  static uint64_t second(uint64_t hash) { return hash * 0x9E3779B97F4A7C15U >> 32; }
  size_t word_of(uint64_t hash) const { return hash / kWordBits & (words_.size() - 1); }
  void set(uint64_t hash) { words_[word_of(hash)] |= uint64_t{1} << hash % kWordBits; }
  bool is_set(uint64_t hash) const { return (words_[word_of(hash)] >> hash % kWordBits & 1) != 0; }

  std::vector<uint64_t> words_;
  int64_t added_ = 0;
};

}  // namespace syncline::retry

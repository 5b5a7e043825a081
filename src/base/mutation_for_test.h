// Mutation: answers as no sound server gives them, made from sound ones, for tests of whatever
// reads answers.
//
// Owner: a test. The same seed makes the same ones.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline {

class Mutation {
 public:
  Mutation(std::vector<std::string> sound, uint32_t seed)
      : sound_(std::move(sound)), random_(seed) {}

  // The sound ones first, then what is none, then mutated ones without end.
  std::string next() {
    const size_t number = made_++;
    if (number < sound_.size()) return sound_[number];
    if (number - sound_.size() < special().size()) return special()[number - sound_.size()];
    std::string text = sound_[below(sound_.size())];
    for (size_t left = 1 + below(4); left > 0 && !text.empty(); --left) mutate(text);
    return text;
  }

  size_t below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }

 private:
  static const std::vector<std::string>& special() {
    static const std::vector<std::string> texts = {
        "",
        " ",
        "null",
        "true",
        "0",
        "-",
        "\"text\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{\"\":{}}",
        "<html><body>502 Bad Gateway</body></html>",
        std::string(3, '\0'),
        "\xef\xbb\xbf{}",
        std::string("\xff\xfe{\0}\0", 6),
        std::string(200'000, '['),
        std::string(200'000, '{'),
        deep(100'000, "{\"a\":", "}"),
        deep(100'000, "[", "]"),
        deep(100'000, "{\"error\":{\"caused_by\":", "}}"),
        deep(300, "{\"mappings\":{\"properties\":", "}}"),
        std::string(1'000'000, '9'),
        "\"" + std::string(1'000'000, '\\') + "\"",
    };
    return texts;
  }

  static std::string deep(int levels, std::string_view open, std::string_view close) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += open;
    text += "1";
    for (int i = 0; i < levels; ++i) text += close;
    return text;
  }

  void mutate(std::string& text) {
    static const std::array<std::string_view, 22> kValues = {"null",
                                                             "true",
                                                             "-1",
                                                             "1e999",
                                                             "1.5",
                                                             "99999999999999999999999",
                                                             "-9223372036854775808",
                                                             "18446744073709551615",
                                                             "\"\"",
                                                             "\"x\"",
                                                             "\"\\ud800\"",
                                                             "\"\\u0000\"",
                                                             "\"\xc3\x28\"",
                                                             "[]",
                                                             "{}",
                                                             "[null]",
                                                             "[{}]",
                                                             "{\"a\":1}",
                                                             "{\"error\":null}",
                                                             "NaN",
                                                             "'",
                                                             "\xff"};
    const size_t at = below(text.size());
    switch (below(6)) {
      case 0:  // cut off
        text.resize(at);
        return;
      case 1:  // another byte
        text[at] = static_cast<char>(below(256));
        return;
      case 2:  // a piece is missing
        text.erase(at, 1 + below(20));
        return;
      case 3:  // a piece stands twice
        text.insert(at, text.substr(at, 1 + below(40)));
        return;
      default:  // another value
        replace_value(text, at, kValues[below(kValues.size())]);
    }
  }

  // What stands between the next colon, comma or bracket and the one after it.
  static void replace_value(std::string& text, size_t at, std::string_view value) {
    const size_t begin = text.find_first_of(":,[", at);
    if (begin == std::string::npos) return;
    const size_t end = text.find_first_of(",]}", begin + 1);
    text.replace(begin + 1, (end == std::string::npos ? text.size() : end) - begin - 1, value);
  }

  const std::vector<std::string> sound_;
  std::mt19937 random_;
  size_t made_ = 0;
};

// Runs a step again and again: `least` times, and then while the time lasts.
template <typename Step>
void repeat_for(std::chrono::milliseconds time, int least, Step step) {
  const auto until = std::chrono::steady_clock::now() + time;
  for (int done = 0; done < least || std::chrono::steady_clock::now() < until; ++done) step();
}

}  // namespace syncline

#include "document/json_string.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace syncline::document {
namespace {

std::string literal_of(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

TEST(JsonString, EscapesWhatJsonDemandsAndNothingElse) {
  EXPECT_EQ(literal_of(""), R"("")");
  EXPECT_EQ(literal_of("plain"), R"("plain")");
  EXPECT_EQ(literal_of("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(literal_of("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(literal_of(std::string_view("\0\x01\x0b\x1f\x7f", 5)),
            "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
  EXPECT_EQ(literal_of("žluťoučký 🐎"), "\"žluťoučký 🐎\"");
}

TEST(JsonString, AppendsToWhatIsThere) {
  std::string out = "[";
  append_json_string("x", out);
  append_json_escaped("\n", out);
  EXPECT_EQ(out, "[\"x\"\\n");
}

// Every byte at every place of every length around the block sizes of the scan.
TEST(JsonString, FindsEachByteAtEachPlace) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 0x80; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(nlohmann::json::parse(literal_of(text)).get<std::string>(), text)
            << "size " << size << ", byte " << byte << " at " << at;
      }
    }
  }
}

TEST(JsonString, HighBytesAreNeverTakenForSpecialOnes) {
  for (size_t size = 1; size <= 40; ++size) {
    for (int byte = 0x80; byte < 0x100; ++byte) {
      const std::string text(size, static_cast<char>(byte));
      ASSERT_EQ(literal_of(text), '"' + text + '"');
    }
  }
}

void append_utf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  const int continuations = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const uint32_t lead = continuations == 1 ? 0xc0 : continuations == 2 ? 0xe0 : 0xf0;
  out.push_back(static_cast<char>(lead | (code >> (6 * continuations))));
  for (int i = continuations - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f)));
  }
}

TEST(JsonString, RandomTextComesBackFromAnotherParser) {
  std::mt19937 random(20260131);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    const size_t characters = random() % 60;
    for (size_t i = 0; i < characters; ++i) {
      const uint32_t limit = random() % 4 == 0 ? 0x110000 : random() % 2 == 0 ? 0x80 : 0x30;
      uint32_t code = static_cast<uint32_t>(random()) % limit;
      if (code >= 0xd800 && code < 0xe000) code = 'x';
      append_utf8(code, text);
    }
    const std::string literal = literal_of(text);
    ASSERT_EQ(literal.find('\n'), std::string::npos);
    ASSERT_EQ(nlohmann::json::parse(literal).get<std::string>(), text);
  }
}

}  // namespace
}  // namespace syncline::document

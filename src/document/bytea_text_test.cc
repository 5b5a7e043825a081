#include "document/bytea_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace syncline::document {
namespace {

std::string base64(std::string_view hex_text) {
  std::string out;
  return append_base64(hex_text, out) ? out : "refused" + out;
}

// The vectors of RFC 4648.
TEST(ByteaText, Base64) {
  EXPECT_EQ(base64("\\x"), "");
  EXPECT_EQ(base64("\\x66"), "Zg==");
  EXPECT_EQ(base64("\\x666f"), "Zm8=");
  EXPECT_EQ(base64("\\x666f6f"), "Zm9v");
  EXPECT_EQ(base64("\\x666f6f62"), "Zm9vYg==");
  EXPECT_EQ(base64("\\x666f6f6261"), "Zm9vYmE=");
  EXPECT_EQ(base64("\\x666f6f626172"), "Zm9vYmFy");
  EXPECT_EQ(base64("\\xfbff00"), "+/8A");
}

TEST(ByteaText, OtherTextIsRefused) {
  for (const char* text : {"", "66", "x66", "\\x6", "\\xzz", "\\xFF", "a\\000"}) {
    EXPECT_EQ(base64(text), "refused") << text;
  }
}

TEST(ByteaText, NotCanonicalBase64IsRefused) {
  // Wrong length, foreign characters, padding inside, and bits that stand for no byte.
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Z_8A",
                           "Z-8A", "Zg=g", "Zm9v ", "\\x66"}) {
    EXPECT_FALSE(hex_of_base64(text)) << text;
  }
}

TEST(ByteaText, RandomBytesComeBack) {
  std::mt19937 random(7);
  constexpr char kHex[] = "0123456789abcdef";
  for (int round = 0; round < 2000; ++round) {
    std::string hex = "\\x";
    const size_t size = random() % 40;
    for (size_t i = 0; i < 2 * size; ++i) hex.push_back(kHex[random() % 16]);
    ASSERT_EQ(hex_of_base64(base64(hex)).value_or("nothing"), hex);
  }
}

}  // namespace
}  // namespace syncline::document

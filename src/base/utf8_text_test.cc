#include "base/utf8_text.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

using namespace std::string_literals;

TEST(Utf8Text, FindsTheFirstByteThatIsNoCharacter) {
  for (const std::string& text :
       {""s, "\x7f"s, "\xc2\x80"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xf4\x8f\xbf\xbf"s, "a🐎"s})
    EXPECT_EQ(find_not_utf8(text), std::string::npos) << text;
  for (const std::string& text : {"\x80"s, "\xc3"s, "\xc0\xaf"s, "\xe0\x80\x80"s, "\xed\xa0\x80"s,
                                  "\xf4\x90\x80\x80"s, "\xe2\x82"s, "\xff"s})
    EXPECT_EQ(find_not_utf8("žab" + text), 4U);
}

TEST(Utf8Text, WhatIsShownCanBeReadBack) {
  for (const std::string& text : {""s, "plain"s, "a\\b"s, "a\\xE9"s, "caf\xe9"s, "a\\b\xff\x80z"s,
                                  "\\xE9\xe9"s, "\\\\\xe9"s, "ž\xc5"s})
    EXPECT_EQ(from_printable(printable(text)), text) << printable(text);
  EXPECT_EQ(printable("caf\xe9"), "caf\\xE9");
  EXPECT_EQ(printable("\\ \xe9"), "\\\\ \\xE9");
  EXPECT_EQ(printable("a\\b"), "a\\b");
}

TEST(Utf8Text, WhatIsNoShownFormStaysAsItIs) {
  for (const char* text : {"a\\\\b", "a\\x", "a\\xe9", "\\xE9\\", "\\x41"})
    EXPECT_EQ(from_printable(text), text);
}

}  // namespace
}  // namespace syncline

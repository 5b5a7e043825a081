#include "document/copy_row.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace syncline::document {
namespace {

using Row = std::vector<std::optional<std::string>>;

struct Split {
  bool ok = false;
  Row row;
};

Split split(std::string line, size_t columns) {
  CopyRow copy_row;
  Split result;
  result.ok = copy_row.split(line.data(), line.size(), columns);
  for (const auto& field : copy_row.fields()) {
    result.row.push_back(field ? std::optional<std::string>(*field) : std::nullopt);
  }
  return result;
}

void expect_row(const std::string& line, const Row& row) {
  for (const char* end : {"", "\n"}) {
    const Split result = split(line + end, row.size());
    EXPECT_TRUE(result.ok) << line;
    EXPECT_EQ(result.row, row) << line;
  }
}

TEST(CopyRow, FieldsAndNulls) {
  expect_row("a", {"a"});
  expect_row("a\tb\tc", {"a", "b", "c"});
  expect_row("", {""});
  expect_row("\t", {"", ""});
  expect_row("\\N", {std::nullopt});
  expect_row("1\t\\N\t\t\\N", {"1", std::nullopt, "", std::nullopt});
  expect_row("a field of more than sixteen bytes\tx\tand one more of that kind",
             {"a field of more than sixteen bytes", "x", "and one more of that kind"});
}

TEST(CopyRow, EscapesAreTakenBack) {
  expect_row("\\b\\f\\n\\r\\t\\v\\\\", {"\b\f\n\r\t\v\\"});
  expect_row("a\\\\N\t\\\\N", {"a\\N", "\\N"});
  expect_row("x\\ty\t\\nline of text that is long\\n\tz",
             {"x\ty", "\nline of text that is long\n", "z"});
  expect_row("\\\\\\\\\\N", {"\\\\N"});
  expect_row("\\q", {"q"});
  expect_row("end\\", {"end\\"});
  expect_row("žluť\\tkůň\t🐎", {"žluť\tkůň", "🐎"});
}

TEST(CopyRow, AWrongNumberOfFieldsIsRefused) {
  EXPECT_FALSE(split("a\tb", 1).ok);
  EXPECT_FALSE(split("a\tb", 3).ok);
  EXPECT_FALSE(split("a", 0).ok);
  EXPECT_FALSE(split("a\tb\tc\td\te\tf\tg\th\ti\tj\tk\tl\tm\tn\to\tp", 3).ok);
  EXPECT_TRUE(split("", 0).ok);
  EXPECT_TRUE(split("\n", 0).ok);
}

TEST(CopyRow, IsReusedFromRowToRow) {
  CopyRow row;
  std::string first = "\\N\tlonger\tx\n";
  std::string second = "1\t\\N\n";
  ASSERT_TRUE(row.split(first.data(), first.size(), 3));
  EXPECT_FALSE(row.fields()[0]);
  ASSERT_TRUE(row.split(second.data(), second.size(), 2));
  ASSERT_EQ(row.fields().size(), 2U);
  EXPECT_EQ(row.fields()[0], "1");
  EXPECT_FALSE(row.fields()[1]);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view kRaw = "\b\f\n\r\t\v\\";
    const size_t at = kRaw.find(c);
    if (at == std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('\\');
      out.push_back("bfnrtv\\"[at]);
    }
  }
  return out;
}

TEST(CopyRow, RandomRowsComeBack) {
  std::mt19937 random(5);
  constexpr std::string_view kAlphabet = "abcdefN\t\\\n\b\f\r\v\x01\xc3";
  for (int round = 0; round < 20000; ++round) {
    Row row(1 + random() % 12);
    std::string line;
    for (auto& field : row) {
      if (&field != row.data()) line.push_back('\t');
      if (random() % 5 == 0) {
        line.append("\\N");
        continue;
      }
      field.emplace();
      const size_t size = random() % 40;
      const size_t letters = random() % 2 == 0 ? 7 : kAlphabet.size();
      for (size_t i = 0; i < size; ++i) field->push_back(kAlphabet[random() % letters]);
      line.append(escaped(*field));
    }
    const Split result = split(line + "\n", row.size());
    ASSERT_TRUE(result.ok);
    ASSERT_EQ(result.row, row) << line;
  }
}

}  // namespace
}  // namespace syncline::document

#include "document/value_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "document/test_types.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

TEST(ValueWriter, NumbersKeepAllDigits) {
  for (const char* text : {"0", "-7", "9223372036854775807", "1.50", "-0", "1e+20", "1e-07",
                           "123456789012345678901234567890.123456789012345678901234567890"}) {
    EXPECT_EQ(render(numeric_type(), text), text);
  }
  for (const char* text : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_EQ(render(numeric_type(), text), "null");
  }
  const std::string longest(1000, '1');
  EXPECT_EQ(render(numeric_type(), longest), longest);
  EXPECT_EQ(render(numeric_type(), longest + "1"), "\"" + longest + "1\"");
  EXPECT_EQ(render(numeric_type(), "007"), R"("007")");
  EXPECT_EQ(render(numeric_type(), "a\"b"), R"("a\"b")");
  EXPECT_EQ(render(numeric_type(), ""), R"("")");
}

TEST(ValueWriter, Booleans) {
  EXPECT_EQ(render(bool_type(), "t"), "true");
  EXPECT_EQ(render(bool_type(), "f"), "false");
  EXPECT_EQ(render(bool_type(), "true"), "true");
  EXPECT_EQ(render(bool_type(), "false"), "false");
  EXPECT_EQ(render(bool_type(), "maybe"), R"("maybe")");
}

TEST(ValueWriter, TextAndPadding) {
  EXPECT_EQ(render(text_type(), " a\n"), R"(" a\n")");
  EXPECT_EQ(render(text_type(), "ab   "), R"("ab   ")");
  const PgTypePtr padded = make_type(Kind::padded_text, "bpchar");
  EXPECT_EQ(render(padded, "ab   "), R"("ab")");
  EXPECT_EQ(render(padded, " ab"), R"(" ab")");
  EXPECT_EQ(render(padded, "     "), R"("")");
  EXPECT_EQ(render(padded, "ab\t "), R"("ab\t")");
}

TEST(ValueWriter, Dates) {
  EXPECT_EQ(render(date_type(), "2026-01-31"), R"("2026-01-31")");
  EXPECT_EQ(render(date_type(), "0044-03-15 BC"), R"("-0043-03-15")");
  EXPECT_EQ(render(date_type(), "infinity"), "null");
  EXPECT_EQ(render(date_type(), "so\ton"), R"("so\ton")");
  EXPECT_EQ(render(timestamp_type(), "2026-01-31 10:20:30.123456"),
            R"("2026-01-31T10:20:30.123456")");
  EXPECT_EQ(render(timestamp_type(), "-infinity"), "null");
  EXPECT_EQ(render(timestamptz_type(), "2026-01-31 10:20:30+00"), R"("2026-01-31T10:20:30Z")");
  EXPECT_EQ(render(timestamptz_type(), "2026-01-31 10:20:30+02"), R"("2026-01-31 10:20:30+02")");
}

TEST(ValueWriter, JsonStaysOneValueOnOneLine) {
  EXPECT_EQ(render(json_type(), R"({"a": [1, "x\ny"]})"), R"({"a": [1, "x\ny"]})");
  EXPECT_EQ(render(json_type(), "[1,\n{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}\r\n]"),
            R"([1, {"delete":{"_index":"x","_id":"1"}}  ])");
  std::string out = "{\"index\":{}}\n";
  append_value(*json_type(), "\n1", out);
  EXPECT_EQ(out, "{\"index\":{}}\n 1");
}

TEST(ValueWriter, Bytea) {
  const PgTypePtr bytea = make_type(Kind::bytea, "bytea");
  EXPECT_EQ(render(bytea, "\\xdeadbeef"), R"("3q2+7w==")");
  EXPECT_EQ(render(bytea, "\\x"), R"("")");
  EXPECT_EQ(render(bytea, "a\\000"), R"("a\\000")");
}

std::string id_text(const PgTypePtr& type, std::string_view text) {
  std::string out = "before ";
  return append_id_text(*type, text, out) ? out.substr(7) : "none" + out.substr(7);
}

TEST(ValueWriter, IdTextIsTheJsonWithoutQuotes) {
  EXPECT_EQ(id_text(numeric_type(), "1.50"), "1.50");
  EXPECT_EQ(id_text(numeric_type(), "NaN"), "none");
  EXPECT_EQ(id_text(bool_type(), "t"), "true");
  EXPECT_EQ(id_text(bool_type(), "false"), "false");
  EXPECT_EQ(id_text(text_type(), "a\"\n"), "a\"\n");
  EXPECT_EQ(id_text(make_type(Kind::padded_text, "bpchar"), "ab  "), "ab");
  EXPECT_EQ(id_text(timestamptz_type(), "2026-01-31 10:20:30+00"), "2026-01-31T10:20:30Z");
  EXPECT_EQ(id_text(date_type(), "infinity"), "none");
  EXPECT_EQ(id_text(date_type(), "x"), "x");
  EXPECT_EQ(id_text(make_type(Kind::bytea, "bytea"), "\\x66"), "Zg==");
}

// A cast to text, which makes the keys of the change log, prints the mask that the output leaves
// out.
TEST(ValueWriter, IdTextOfAnAddressIsTheSameFromItsCastToText) {
  const PgTypePtr inet = make_type(Kind::text, "inet");
  EXPECT_EQ(id_text(inet, "10.0.0.1/32"), "10.0.0.1");
  EXPECT_EQ(id_text(inet, "10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(id_text(inet, "10.0.0.1/8"), "10.0.0.1/8");
  EXPECT_EQ(id_text(inet, "::1/128"), "::1");
  EXPECT_EQ(id_text(inet, "fe80::/32"), "fe80::/32");
  EXPECT_EQ(id_text(make_type(Kind::text, "cidr"), "10.0.0.1/32"), "10.0.0.1/32");
}

}  // namespace
}  // namespace syncline::document

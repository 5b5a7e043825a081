#include "document/compare_value.h"

#include <gtest/gtest.h>

#include "document/test_types.h"

namespace syncline::document {
namespace {

TEST(CompareValue, NumbersAreEqualByValue) {
  EXPECT_EQ(number_key("1"), "1");
  for (const char* one : {"1.0", "1.00", "10e-1", "0.1e1", "1E0", "1e+0"})
    EXPECT_EQ(number_key(one), "1") << one;
  for (const char* zero : {"0", "0.00", "-0", "0e7", "-0.0"})
    EXPECT_EQ(number_key(zero), "0") << zero;
  EXPECT_EQ(number_key("100"), number_key("1e2"));
  EXPECT_EQ(number_key("-12.50"), number_key("-1.25e1"));
  EXPECT_NE(number_key("-1"), number_key("1"));
  EXPECT_NE(number_key("1.1"), number_key("11"));
  EXPECT_EQ(number_key("9223372036854775807"), "9223372036854775807");
  EXPECT_NE(number_key("12345678901234567890.123"), number_key("12345678901234567890.124"));
}

TEST(CompareValue, NumbersOfDifferentTypesMeet) {
  const auto numeric = numeric_type();
  EXPECT_EQ(compare_key(*int4_type(), "7"), compare_key(*numeric, "7.000"));
  EXPECT_EQ(compare_key(*make_type(PgType::Kind::number, "float8"), "0.1"),
            compare_key(*numeric, "0.10"));
  EXPECT_EQ(compare_key(*numeric, "NaN"), std::nullopt);
}

TEST(CompareValue, StringsAreEqualByteForByte) {
  EXPECT_EQ(compare_key(*text_type(), "a\nB"), "a\nB");
  EXPECT_NE(compare_key(*text_type(), "A"), compare_key(*text_type(), "a"));
  EXPECT_EQ(compare_key(*make_type(PgType::Kind::padded_text, "bpchar"), "ab  "), "ab");
  EXPECT_EQ(compare_key(*make_type(PgType::Kind::text, "inet"), "10.0.0.1/32"), "10.0.0.1");
}

TEST(CompareValue, WhatIsNoScalarCannotBeCompared) {
  EXPECT_EQ(family_of(*make_array(int4_type())), std::nullopt);
  EXPECT_EQ(family_of(*make_type(PgType::Kind::json, "jsonb")), std::nullopt);
  EXPECT_EQ(compare_key(*make_array(int4_type()), "{1}"), std::nullopt);
}

TEST(CompareValue, LookUpTextCasts) {
  EXPECT_EQ(text_of_key(*int4_type(), "7"), "7");
  EXPECT_EQ(text_of_key(*int4_type(), "75e-1"), std::nullopt);
  EXPECT_EQ(text_of_key(*int4_type(), "3000000000"), std::nullopt);
  EXPECT_EQ(text_of_key(*numeric_type(), "75e-1"), "75e-1");
  EXPECT_EQ(text_of_key(*bool_type(), "true"), "true");
  EXPECT_EQ(text_of_key(*bool_type(), "yes"), std::nullopt);
  EXPECT_EQ(text_of_key(*date_type(), "2026-01-31"), "2026-01-31");
  EXPECT_EQ(text_of_key(*make_type(PgType::Kind::text, "uuid"), "x"), std::nullopt);
}

TEST(CompareValue, FamiliesOfFields) {
  EXPECT_EQ(family_of_field("scaled_float"), ValueFamily::number);
  EXPECT_EQ(family_of_field("keyword"), ValueFamily::string);
  EXPECT_EQ(family_of_field("date_nanos"), ValueFamily::date);
  EXPECT_EQ(family_of_field("geo_point"), std::nullopt);
}

}  // namespace
}  // namespace syncline::document

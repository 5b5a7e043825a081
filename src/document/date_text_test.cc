#include "document/date_text.h"

#include <gtest/gtest.h>

#include <string>

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

std::string iso(Kind kind, std::string_view text) {
  std::string out;
  switch (append_iso_date(kind, text, out)) {
    case DateText::written:
      return out;
    case DateText::infinite:
      return "infinite" + out;
    case DateText::foreign:
      break;
  }
  return "foreign" + out;
}

struct Pair {
  Kind kind;
  const char* postgres;
  const char* iso;
};

constexpr Pair kPairs[] = {
    {Kind::date, "2026-01-31", "2026-01-31"},
    {Kind::date, "0044-03-15", "0044-03-15"},
    {Kind::date, "9999-12-31", "9999-12-31"},
    {Kind::date, "12024-01-01", "+12024-01-01"},
    {Kind::date, "5874897-12-31", "+5874897-12-31"},
    {Kind::date, "0001-01-01", "0001-01-01"},
    {Kind::date, "0001-12-31 BC", "0000-12-31"},
    {Kind::date, "0044-03-15 BC", "-0043-03-15"},
    {Kind::date, "4714-11-24 BC", "-4713-11-24"},
    {Kind::date, "0001-02-29 BC", "0000-02-29"},
    {Kind::date, "2000-02-29", "2000-02-29"},
    {Kind::timestamp, "2026-01-31 10:20:30", "2026-01-31T10:20:30"},
    {Kind::timestamp, "2026-01-31 10:20:30.123456", "2026-01-31T10:20:30.123456"},
    {Kind::timestamp, "2026-01-31 10:20:30.1", "2026-01-31T10:20:30.1"},
    {Kind::timestamp, "12024-01-01 00:00:00", "+12024-01-01T00:00:00"},
    {Kind::timestamp, "294276-12-31 23:59:59.999999", "+294276-12-31T23:59:59.999999"},
    {Kind::timestamp, "4714-11-24 00:00:00 BC", "-4713-11-24T00:00:00"},
    {Kind::timestamptz, "2026-01-31 10:20:30+00", "2026-01-31T10:20:30Z"},
    {Kind::timestamptz, "2026-01-31 10:20:30.5+00", "2026-01-31T10:20:30.5Z"},
    {Kind::timestamptz, "0044-03-15 10:00:00+00 BC", "-0043-03-15T10:00:00Z"},
    {Kind::timestamptz, "0001-03-15 10:00:00.25+00 BC", "0000-03-15T10:00:00.25Z"},
    {Kind::timestamptz, "12024-01-01 01:02:03.5+00", "+12024-01-01T01:02:03.5Z"},
};

TEST(DateText, BothWays) {
  for (const Pair& pair : kPairs) {
    EXPECT_EQ(iso(pair.kind, pair.postgres), pair.iso);
    EXPECT_EQ(postgres_date(pair.kind, pair.iso).value_or("nothing"), pair.postgres);
  }
}

TEST(DateText, InfinityHasNoText) {
  for (const Kind kind : {Kind::date, Kind::timestamp, Kind::timestamptz}) {
    EXPECT_EQ(iso(kind, "infinity"), "infinite");
    EXPECT_EQ(iso(kind, "-infinity"), "infinite");
    EXPECT_FALSE(postgres_date(kind, "infinity"));
    EXPECT_FALSE(postgres_date(kind, "-infinity"));
  }
}

TEST(DateText, OtherTextIsForeign) {
  for (const char* text :
       {"", "x", "2026", "2026-1-31", "2026-01-31 ", "31/01/2026", "026-01-31", "2026-01-3x",
        "2026-01-31 10:20:30", "0000-01-01 BC", "-2026-01-31", "12345678-01-01", "2026-01-31 AD"}) {
    EXPECT_EQ(iso(Kind::date, text), "foreign") << text;
  }
  for (const char* text : {"2026-01-31", "2026-01-31T10:20:30", "2026-01-31 10:20",
                           "2026-01-31 10:20:30.", "2026-01-31 10:20:30.x", "2026-01-31 10:20:3x",
                           "2026-01-31 10:20:30+00", "2026-01-31 10:20:30,5"}) {
    EXPECT_EQ(iso(Kind::timestamp, text), "foreign") << text;
  }
  for (const char* text : {"2026-01-31 10:20:30", "2026-01-31 10:20:30+01", "2026-01-31+00",
                           "2026-01-31 10:20:30+00:19:32", "+00", " BC"}) {
    EXPECT_EQ(iso(Kind::timestamptz, text), "foreign") << text;
  }
}

TEST(DateText, OnlyRealDaysInTheirOneFormComeBack) {
  for (const char* text : {"",
                           "2026-02-29",
                           "1900-02-29",
                           "2026-04-31",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-01-00",
                           "+2026-01-31",
                           "+02026-01-31",
                           "12024-01-01",
                           "-0000-01-01",
                           "-12024-01-01",
                           "-4713-11-23",
                           "-4714-12-31",
                           "+5874898-01-01",
                           "2026-1-1",
                           "02026-01-31",
                           "2026-01-31 ",
                           "-00043-03-15",
                           "2026-01-31T00:00:00",
                           "0044-03-15 BC",
                           "-",
                           "+",
                           "today",
                           "now",
                           "epoch",
                           "20260131",
                           "+99999999-01-01"}) {
    EXPECT_FALSE(postgres_date(Kind::date, text)) << text;
  }
  for (const char* text :
       {"2026-01-31", "2026-01-31 10:20:30", "2026-01-31T24:00:00", "2026-01-31T10:60:00",
        "2026-01-31T10:20:60", "2026-01-31T10:20:30.", "2026-01-31T10:20:30.10",
        "2026-01-31T10:20:30.0", "2026-01-31T10:20:30.1234567", "2026-01-31T10:20:30Z",
        "+294277-01-01T00:00:00", "-4713-11-23T23:59:59", "2026-01-31T1:20:30"}) {
    EXPECT_FALSE(postgres_date(Kind::timestamp, text)) << text;
  }
  for (const char* text : {"2026-01-31T10:20:30", "2026-01-31T10:20:30+00", "Z",
                           "2026-01-31T10:20:30z", "2026-01-31T10:20:30 Z", "2026-01-31Z"}) {
    EXPECT_FALSE(postgres_date(Kind::timestamptz, text)) << text;
  }
}

}  // namespace
}  // namespace syncline::document

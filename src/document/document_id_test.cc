#include "document/document_id.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "document/canonical_text.h"
#include "document/test_types.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;
using Texts = std::vector<std::string>;

const std::string kUuid = "0190a5e4-7d3b-7c11-8f6e-0123456789ab";

std::string encode(const std::vector<PgTypePtr>& types, const Values& values) {
  return DocumentIdCodec(types).encode(values).value_or("nothing");
}

std::optional<Texts> decode(const std::vector<PgTypePtr>& types, std::string_view id) {
  return DocumentIdCodec(types).decode(id);
}

PgTypePtr uuid_type() {
  return make_type(Kind::text, "uuid");
}
PgTypePtr bytea_type() {
  return make_type(Kind::bytea, "bytea");
}
PgTypePtr padded_type() {
  return make_type(Kind::padded_text, "bpchar");
}
PgTypePtr float8_type() {
  return make_type(Kind::number, "float8");
}

TEST(DocumentId, OneColumnIsTheIdItself) {
  EXPECT_EQ(encode({int4_type()}, {"7"}), "7");
  EXPECT_EQ(encode({text_type()}, {"a_b%c"}), "a_b%c");
  EXPECT_EQ(encode({text_type()}, {""}), "");
  EXPECT_EQ(encode({timestamptz_type()}, {"2026-01-31 10:20:30.5+00"}), "2026-01-31T10:20:30.5Z");
  EXPECT_EQ(encode({int4_type()}, {std::nullopt}), "nothing");
  EXPECT_EQ(encode({float8_type()}, {"NaN"}), "nothing");
  EXPECT_EQ(encode({date_type()}, {"-infinity"}), "nothing");
}

TEST(DocumentId, SeveralColumnsAreJoinedAndEscaped) {
  const std::vector<PgTypePtr> types = {int4_type(), text_type(), bool_type()};
  EXPECT_EQ(encode(types, {"7", "a_b%c", "t"}), "7_a%5Fb%25c_true");
  EXPECT_EQ(encode(types, {"7", "", "f"}), "7__false");
  EXPECT_EQ(encode(types, {"7", std::nullopt, "f"}), "nothing");
  EXPECT_EQ(encode({text_type(), text_type()}, {"%5F", "_"}), "%255F_%5F");
}

TEST(DocumentId, DecodeGivesTheTextOfEachColumn) {
  EXPECT_EQ(decode({int4_type()}, "7"), Texts{"7"});
  EXPECT_EQ(decode({text_type()}, "a_b%c"), Texts{"a_b%c"});
  EXPECT_EQ(decode({timestamptz_type()}, "-0043-03-15T10:00:00Z"),
            Texts{"0044-03-15 10:00:00+00 BC"});
  EXPECT_EQ(decode({bytea_type()}, "3q2+7w=="), Texts{"\\xdeadbeef"});
  EXPECT_EQ(decode({uuid_type()}, kUuid), Texts{kUuid});
  EXPECT_EQ(decode({int4_type(), text_type(), bool_type()}, "7_a%5Fb%25c_true"),
            (Texts{"7", "a_b%c", "true"}));
  EXPECT_EQ(decode({text_type(), text_type()}, "_"), (Texts{"", ""}));
}

TEST(DocumentId, AWrongNumberOfPartsOrAForeignEscapeIsRefused) {
  const std::vector<PgTypePtr> types = {text_type(), text_type()};
  for (const char* id : {"", "a", "a_b_c", "a%_b", "a%2_b", "a%5f_b", "a%20_b", "a_%", "%255_%5"}) {
    EXPECT_FALSE(decode(types, id)) << id;
  }
  EXPECT_EQ(decode(types, "%255_b"), (Texts{"%5", "b"}));
}

TEST(DocumentId, NotCanonicalTextIsRefused) {
  for (const char* id : {"007", "abc", "", "1.0", " 7", "+7", "-0", "99999999999"}) {
    EXPECT_FALSE(decode({int4_type()}, id)) << id;
  }
  for (const char* id : {"t", "f", "TRUE", "1", ""}) EXPECT_FALSE(decode({bool_type()}, id)) << id;
  for (const char* id : {"2026-02-30", "2026-01-31 BC", "infinity", ""}) {
    EXPECT_FALSE(decode({date_type()}, id)) << id;
  }
  for (const char* id : {"ab ", " "}) EXPECT_FALSE(decode({padded_type()}, id)) << id;
  EXPECT_TRUE(decode({padded_type()}, " ab"));
  EXPECT_FALSE(decode({make_type(Kind::text, "inet")}, "10.0.0.1/32"));
  EXPECT_TRUE(decode({make_type(Kind::text, "inet")}, "10.0.0.1"));
  EXPECT_FALSE(decode({bytea_type()}, "Zh=="));
  EXPECT_FALSE(decode({make_type(Kind::text, "oid")}, "-1"));
  EXPECT_TRUE(decode({make_type(Kind::text, "oid")}, "4294967295"));
}

TEST(DocumentId, OnlyLowerCaseUuidsInTheirOneShape) {
  EXPECT_TRUE(decode({uuid_type()}, kUuid));
  for (const std::string& id : {std::string(), kUuid + "0", kUuid.substr(1), "{" + kUuid + "}",
                                std::string("0190A5E4-7d3b-7c11-8f6e-0123456789ab"),
                                std::string("0190a5e47d3b7c118f6e0123456789ab"),
                                std::string("0190a5e4-7d3b-7c11-8f6e-0123456789ag"),
                                std::string("0190a5e4-7d3b-7c11-8f6e00123456789ab")}) {
    EXPECT_FALSE(decode({uuid_type()}, id)) << id;
  }
}

TEST(DocumentId, TextThatNoDatabaseHoldsIsRefused) {
  using std::string_literals::operator""s;
  EXPECT_FALSE(decode({text_type()}, "a\0b"s));
  EXPECT_FALSE(decode({make_type(Kind::text, "time")}, "a\0b"s));
  // One of encoding SQL_ASCII holds any other bytes, and their row must be found.
  for (const std::string& text :
       {""s, "\x7f"s, "\xc2\x80"s, "\xf4\x8f\xbf\xbf"s, "🐎"s, "\x80"s, "\xc0\xaf"s, "caf\xe9"s})
    EXPECT_EQ(decode({text_type()}, text), Texts{text});
}

TEST(DocumentId, SupportsScalars) {
  for (const PgTypePtr& type : {int4_type(), bool_type(), text_type(), padded_type(), date_type(),
                                timestamp_type(), timestamptz_type(), bytea_type(), uuid_type()}) {
    EXPECT_TRUE(DocumentIdCodec::supports(*type)) << type->name;
  }
  for (const PgTypePtr& type :
       {make_array(int4_type()), make_range(int4_type()), make_composite({}), json_type(),
        make_type(Kind::point, "point"), make_type(Kind::hstore, "hstore"),
        make_type(Kind::text, "xml"), make_type(Kind::text, "polygon")}) {
    EXPECT_FALSE(DocumentIdCodec::supports(*type)) << type->name;
  }
}

TEST(DocumentId, KeysOfTheLogAreSplit) {
  EXPECT_EQ(DocumentIdCodec::split_key("{a,b}", 1), Texts{"{a,b}"});
  EXPECT_EQ(DocumentIdCodec::split_key("", 1), Texts{""});
  EXPECT_EQ(DocumentIdCodec::split_key(R"({a,"b c"})", 2), (Texts{"a", "b c"}));
  EXPECT_EQ(DocumentIdCodec::split_key(R"({"","NULL","\"\\{,}"})", 3),
            (Texts{"", "NULL", "\"\\{,}"}));
  for (const char* key : {"", "{a}", "{a,b,c}", "{a,NULL}", "{NULL,NULL}", "{a,b", "{a,b}x", "a,b",
                          "{a,{b}}", "{,b}", "{}"}) {
    EXPECT_FALSE(DocumentIdCodec::split_key(key, 2)) << key;
  }
}

// Values as PostgreSQL prints them; each comes back as itself or as another text of the same id.
TEST(DocumentId, EncodeOfDecodeIsTheSameId) {
  const std::vector<std::pair<PgTypePtr, std::vector<std::string>>> samples = {
      {int4_type(), {"0", "-5", "2147483647"}},
      {numeric_type(), {"1.50", "-0.001", "123456789012345678901234567890"}},
      {float8_type(), {"-0", "1e+20", "0.1", "5e-324"}},
      {bool_type(), {"t", "f", "true"}},
      {text_type(), {"", "a_b", "100%", "%5F", "_", "žluť", "a\nb"}},
      {padded_type(), {"ab   ", "", " _%"}},
      {date_type(), {"2026-01-31", "0044-03-15 BC", "12024-01-01"}},
      {timestamp_type(), {"2026-01-31 10:20:30.123456", "0001-01-01 00:00:00 BC"}},
      {timestamptz_type(), {"2026-01-31 10:20:30+00", "294276-12-31 23:59:59.999999+00"}},
      {bytea_type(), {"\\x", "\\xdeadbeef", "\\xff"}},
      {uuid_type(), {kUuid}},
      {make_type(Kind::text, "inet"), {"10.0.0.1", "10.0.0.1/32", "::1/128", "10.0.0.0/8"}},
  };
  std::mt19937 random(9);
  for (int round = 0; round < 20000; ++round) {
    std::vector<PgTypePtr> types;
    Values values;
    const size_t columns = 1 + random() % 4;
    for (size_t i = 0; i < columns; ++i) {
      const auto& sample = samples[random() % samples.size()];
      types.push_back(sample.first);
      values.emplace_back(sample.second[random() % sample.second.size()]);
    }
    const DocumentIdCodec codec(types);
    const auto id = codec.encode(values);
    ASSERT_TRUE(id);
    const auto texts = codec.decode(*id);
    ASSERT_TRUE(texts) << *id;
    ASSERT_EQ(codec.encode(Values(texts->begin(), texts->end())), id);
  }
}

// The other direction: whatever is let through must be the id of what it was decoded to.
TEST(DocumentId, RandomIdsAreRefusedOrStable) {
  std::mt19937 random(10);
  constexpr std::string_view kAlphabet = "0123456789-+.eTZ:_%25F=aA ";
  const std::vector<PgTypePtr> all = {int4_type(),
                                      numeric_type(),
                                      float8_type(),
                                      bool_type(),
                                      text_type(),
                                      padded_type(),
                                      date_type(),
                                      timestamp_type(),
                                      timestamptz_type(),
                                      bytea_type(),
                                      uuid_type(),
                                      make_type(Kind::text, "inet"),
                                      make_type(Kind::number, "float4")};
  size_t passed = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string id;
    const size_t size = random() % 6;
    for (size_t i = 0; i < size; ++i) id.push_back(kAlphabet[random() % kAlphabet.size()]);
    std::vector<PgTypePtr> types = {all[random() % all.size()]};
    if (random() % 2 == 0) types.push_back(all[random() % all.size()]);
    const DocumentIdCodec codec(types);
    const auto texts = codec.decode(id);
    if (!texts) continue;
    ++passed;
    ASSERT_EQ(codec.encode(Values(texts->begin(), texts->end())), id);
  }
  EXPECT_GT(passed, 1000U);
}

}  // namespace
}  // namespace syncline::document

#include "document/number_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace syncline::document {
namespace {

TEST(NumberText, TheGrammarOfJson) {
  for (const char* text : {"0", "-0", "7", "-12", "1.5", "0.00", "1e+20", "-0", "1e-07", "5e-324",
                           "1E5", "1e5", "-1.25e+300", "123456789012345678901234567890.50"}) {
    EXPECT_TRUE(is_json_number(text)) << text;
  }
  for (const char* text :
       {"",   "-",  "+1",   "007", "-00",      ".5",    "1.",  "1.e5", "1e",    "1e+",
        "1 ", " 1", "0x10", "NaN", "Infinity", "1_000", "1,5", "--1",  "1.5.5", "1e5e5"}) {
    EXPECT_FALSE(is_json_number(text)) << text;
  }
}

TEST(NumberText, AgreesWithAnotherParser) {
  std::mt19937 random(3);
  constexpr std::string_view kAlphabet = "0123-+.eE";
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    const size_t size = random() % 8;
    for (size_t i = 0; i < size; ++i) text.push_back(kAlphabet[random() % kAlphabet.size()]);
    // The other parser also refuses what a double cannot hold.
    if (text.find_first_of("eE") != std::string::npos && text.size() > 4) continue;
    ASSERT_EQ(is_json_number(text), nlohmann::json::accept(text)) << text;
  }
}

struct Case {
  const char* type;
  const char* text;
};

TEST(NumberText, CanonicalForms) {
  constexpr Case kCases[] = {
      {"int2", "-32768"},
      {"int2", "32767"},
      {"int4", "0"},
      {"int4", "-2147483648"},
      {"int4", "2147483647"},
      {"int8", "9223372036854775807"},
      {"int8", "-9223372036854775808"},
      {"oid", "4294967295"},
      {"numeric", "1.50"},
      {"numeric", "0.00"},
      {"numeric", "-0.01"},
      {"numeric", "123456789012345678901234567890"},
      {"float8", "0"},
      {"float8", "-0"},
      {"float8", "1.5"},
      {"float8", "100"},
      {"float8", "1e+20"},
      {"float8", "1e+15"},
      {"float8", "123456789012345"},
      {"float8", "1e-07"},
      {"float8", "0.0001"},
      {"float8", "1e-05"},
      {"float8", "5e-324"},
      {"float8", "1.7976931348623157e+308"},
      {"float8", "5.684341886080802e-14"},
      {"float8", "-1234.5678"},
      {"float8", "0.1"},
      {"float4", "1.1754944e-38"},
      {"float4", "1e-45"},
      {"float4", "3.4028235e+38"},
      {"float4", "123456"},
      {"float4", "1e+06"},
      {"float4", "1.234567e+06"},
  };
  for (const Case& c : kCases) EXPECT_TRUE(is_canonical_number(c.type, c.text)) << c.text;
}

TEST(NumberText, NotCanonicalForms) {
  constexpr Case kCases[] = {
      {"int2", "32768"},
      {"int4", "007"},
      {"int4", "-0"},
      {"int4", "+1"},
      {"int4", ""},
      {"int4", "1.0"},
      {"int4", "1e3"},
      {"int4", "2147483648"},
      {"int4", "abc"},
      {"int4", " 1"},
      {"int8", "9223372036854775808"},
      {"oid", "-1"},
      {"oid", "4294967296"},
      {"numeric", "-0"},
      {"numeric", "-0.00"},
      {"numeric", "1e5"},
      {"numeric", ".5"},
      {"numeric", "NaN"},
      {"numeric", "01"},
      {"numeric", "1."},
      {"float8", "1e400"},
      {"float8", "1e+400"},
      {"float8", "1e-400"},
      {"float8", "NaN"},
      {"float8", "Infinity"},
      {"float8", "1.0"},
      {"float8", "1e5"},
      {"float8", "1e+05"},
      {"float8", "1E+20"},
      {"float8", "0.0"},
      {"float8", "1.50"},
      {"float8", "00"},
      {"float8", "0.00001"},
      {"float8", "1e+020"},
      {"float8", "10e+20"},
      {"float8", "1000000000000000"},
      {"float8", "0.1000000000000000055"},
      {"float4", "1e+39"},
      {"float4", "1e-46"},
      {"float4", "1000000"},
      {"float4", "0.1000000015"},
  };
  for (const Case& c : kCases) EXPECT_FALSE(is_canonical_number(c.type, c.text)) << c.text;
}

TEST(NumberText, NumericIsRefusedBeyondItsDigits) {
  EXPECT_TRUE(is_canonical_number("numeric", std::string(131072, '9')));
  EXPECT_FALSE(is_canonical_number("numeric", std::string(131073, '9')));
  EXPECT_TRUE(is_canonical_number("numeric", "0." + std::string(16383, '1')));
  EXPECT_FALSE(is_canonical_number("numeric", "0." + std::string(16384, '1')));
}

}  // namespace
}  // namespace syncline::document

#include "control/json.h"

#include <gtest/gtest.h>

#include "control/json_scanner.h"

namespace syncline::control {
namespace {

TEST(ParseJson, KeepsOrderAndValues) {
  const auto parsed =
      parse_json(R"( {"b": [1, -2, 3.5, true, null, "é\u00e9"], "a": {"z": {}, "y": []}} )");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(json_text(*parsed), R"({"b":[1,-2,3.5,true,null,"éé"],"a":{"z":{},"y":[]}})");
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  for (const char* text :
       {"", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "nul", "1 2", "{\"a\" 1}", "\"\xff\"",
        "\"\xc0\x80\"", "\"\\ud800\"", "\"a\nb\"", "[1e999]", "// x\n1", "NaN"}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
}

TEST(ParseJson, SaysWhereAndWhatWasExpected) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1: expected a value, but the text ends here"},
      {"{\"a\": 1,\n \"b\": 2\n  \"c\": 3}", "line 3, column 3: expected ',' or '}', not \""},
      {"{\"a\": [1, 2}", "line 1, column 12: expected ',' or ']', not }"},
      {"{\"a\": [1, 2],\n}", "line 2, column 1: expected a field in double quotes, not }"},
      {"{'a': 1}", "line 1, column 2: expected a field in double quotes or '}', not '"},
      {"{\"é\": 'x'}", "line 1, column 7: expected a value, not '"},
      {"{\"a\" 1}", "line 1, column 6: expected ':', not 1"},
      {"[1,]", "line 1, column 4: expected a value, not ]"},
      {"[", "line 1, column 2: expected a value or ']', but the text ends here"},
      {"{\"a\": tru}", "line 1, column 7: expected a value, not t"},
      {"{\"a\": 1} x", "line 1, column 10: expected the end, not x"},
      {"{\"a\": \"secret",
       "line 1, column 14: expected '\"' at the end of a text, but the text ends"
       " here"},
      {"[\"a\nb\"]",
       "line 1, column 4: expected an escape such as \\n in place of a control"
       " character"},
      {"[\"\\x\"]",
       "line 1, column 4: expected one of \" \\ / b f n r t u after a backslash, not x"},
      {"[\"\\u12g4\"]", "line 1, column 7: expected four hexadecimal digits after \\u, not g"},
      {"[\"\\ud800\"]", "line 1, column 9: expected the second half of a pair \\u…\\u…, not \""},
      {"[\"\xff\"]", "line 1, column 3: expected UTF-8"},
      {"[1, 1e400]", "line 1, column 5: the number is too large"},
      {"[1.]", "line 1, column 4: expected a digit, not ]"},
      {"[01]", "line 1, column 3: expected ',' or ']', not 1"},
      {"{\"t\": {\"m\": [{},\n {\"a\": 1, \"b\": 2, \"a\": 3}]}}",
       "line 2, column 19: the field \"t.m[1].a\" is given twice"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().message, expected) << text;
  }
  const auto deep = parse_json(std::string(70, '['));
  EXPECT_EQ(deep.error().message, "line 1, column 65: nested deeper than 64 levels");
}

// The scanner finds a fault in each text that the parser refuses, and none in one that it takes.
TEST(JsonScanner, AgreesWithTheParser) {
  const std::string good =
      R"({"a": [1, -0.5e+3, true, null, "\u00e9\ud83d\ude00é€😀\n"], "b": {}} )";
  ASSERT_TRUE(parse_json(good).ok());
  const std::string bytes = "{}[]\",:\\0-.eu \n\x01\xc3\xff";
  for (size_t at = 0; at < good.size(); ++at) {
    for (const char byte : bytes) {
      for (const bool insert : {false, true}) {
        std::string text = good;
        text.replace(at, insert ? 0 : 1, 1, byte);
        const JsonFault fault = JsonScanner(text).find();
        const auto parsed = parse_json(text);
        const bool twice =
            !parsed.ok() && parsed.error().message.find("given twice") != std::string::npos;
        EXPECT_EQ(parsed.ok() || twice, fault.what.empty()) << text;
      }
    }
  }
}

TEST(ParseJson, RefusesAFieldGivenTwice) {
  EXPECT_FALSE(parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})").ok());
  EXPECT_FALSE(parse_json(R"([{"x": {"a": 1, "a": 1}}])").ok());
  EXPECT_TRUE(parse_json(R"([{"a": 1}, {"a": {"a": 1}}])").ok());
}

TEST(ParseJson, RefusesBombs) {
  EXPECT_TRUE(parse_json(std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']')).ok());
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')).ok());
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_FALSE(parse_json(deep).ok());
  std::string wide = "[0";
  for (size_t i = 0; i < kJsonValuesMax; ++i) wide += ",0";
  EXPECT_FALSE(parse_json(wide + "]").ok());
}

TEST(ParseJson, ManyFieldsTakeNoQuadraticTime) {
  std::string text = "{\"x\":0";
  for (int i = 0; i < 90'000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  const auto parsed = parse_json(text + "}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size(), 90'001u);
}

TEST(JsonText, MendsBytesThatAreNotUtf8) {
  EXPECT_EQ(json_text(Json("a\xc3")), "\"a\xef\xbf\xbd\"");
}

TEST(CanonicalObjectText, DoesNotDependOnOrder) {
  EXPECT_EQ(canonical_object_text(Json::parse(R"({"b": {"y": 1, "x": 2}, "a": 3})")),
            R"({"a":3,"b":{"x":2,"y":1}})");
  EXPECT_EQ(canonical_object_text(Json::object()), "");
}

}  // namespace
}  // namespace syncline::control

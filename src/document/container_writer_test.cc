#include "document/container_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "document/test_types.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

PgTypePtr pair_type() {
  return make_composite({{"a", int4_type()}, {"b \"x\"", text_type()}});
}

TEST(ContainerWriter, ArraysOfAnyDepth) {
  const PgTypePtr ints = make_array(int4_type());
  EXPECT_EQ(render(ints, "{}"), "[]");
  EXPECT_EQ(render(ints, "{1}"), "[1]");
  EXPECT_EQ(render(ints, "{1,NULL,3}"), "[1,null,3]");
  EXPECT_EQ(render(ints, "{{1,2},{3,NULL}}"), "[[1,2],[3,null]]");
  EXPECT_EQ(render(ints, "{{{1},{2}},{{3},{4}}}"), "[[[1],[2]],[[3],[4]]]");
  EXPECT_EQ(render(ints, "[0:2]={1,2,3}"), "[1,2,3]");
  EXPECT_EQ(render(ints, "[1:1][-2:-1]={{1,2}}"), "[[1,2]]");
}

TEST(ContainerWriter, ArrayElementsAreUnquoted) {
  const PgTypePtr texts = make_array(text_type());
  EXPECT_EQ(render(texts, R"({a,"b c","d\"e","f\\g","",NULL,"NULL"})"),
            R"(["a","b c","d\"e","f\\g","",null,"NULL"])");
  EXPECT_EQ(render(texts, "{\"{\",\"}\",\"a,b\",\"x\ny\"}"), R"(["{","}","a,b","x\ny"])");
  EXPECT_EQ(render(texts, R"({"\\\\","\"\""})"), R"(["\\\\","\"\""])");
}

TEST(ContainerWriter, ArrayElementsAreRenderedByTheirType) {
  EXPECT_EQ(render(make_array(bool_type()), "{t,f,NULL}"), "[true,false,null]");
  EXPECT_EQ(render(make_array(numeric_type()), "{1.50,NaN}"), "[1.50,null]");
  EXPECT_EQ(render(make_array(timestamptz_type()), R"({"2026-01-31 10:20:30+00",infinity})"),
            R"(["2026-01-31T10:20:30Z",null])");
  EXPECT_EQ(render(make_array(json_type()), "{\"{\\\"a\\\": \n1}\",2}"), R"([{"a":  1},2])");
  EXPECT_EQ(render(make_array(make_type(Kind::bytea, "bytea")), R"({"\\x66"})"), R"(["Zg=="])");
  EXPECT_EQ(render(make_array(make_type(Kind::text, "box"), ';'), "{(1,1),(0,0);(2,2),(0,0)}"),
            R"~(["(1,1),(0,0)","(2,2),(0,0)"])~");
  EXPECT_EQ(render(make_array(pair_type()), R"~({"(1,\"x y\")",NULL})~"),
            R"([{"a":1,"b \"x\"":"x y"},null])");
  // A domain over an array is an element printed as a string.
  EXPECT_EQ(render(make_array(make_array(int4_type())), R"({"{1,2}","{3}"})"), "[[1,2],[3]]");
}

TEST(ContainerWriter, MalformedLiteralsBecomeStrings) {
  const PgTypePtr ints = make_array(int4_type());
  for (const char* text : {"", "1 2", "{", "{1", "{1,", "{1,}", "{,1}", "{1}x", "{{1}", "{1}}",
                           "[0:1]", "[0:1={1}", "{{{{{{{1}}}}}}}", "{a\\b}", "{\"a}", "{\"a\\"}) {
    EXPECT_EQ(render(ints, text), nlohmann::json(text).dump()) << text;
  }
  for (const char* text : {"", "[", "[1", "[1,5", "1,5)", "[1,5)x", "[1;5)", "[1,\"5)"}) {
    EXPECT_EQ(render(make_range(int4_type()), text), nlohmann::json(text).dump()) << text;
  }
  for (const char* text : {"", "(", "(1)", "(1,x", "(1,x,y)", "(1,x)y", "1,x"}) {
    EXPECT_EQ(render(pair_type(), text), nlohmann::json(text).dump()) << text;
  }
  for (const char* text : {"a", "\"a\"", "\"a\"=>", "\"a\"=>b", "\"a\"=>\"b\"x", "\"a=>1"}) {
    EXPECT_EQ(render(make_type(Kind::hstore, "hstore"), text), nlohmann::json(text).dump()) << text;
  }
  for (const char* text : {"", "()", "(1)", "(1,2", "(1,2,3)", "(a,b)", "(1,)"}) {
    EXPECT_EQ(render(make_type(Kind::point, "point"), text), nlohmann::json(text).dump()) << text;
  }
}

TEST(ContainerWriter, Ranges) {
  const PgTypePtr ints = make_range(int4_type());
  EXPECT_EQ(render(ints, "[1,5)"), R"({"gte":1,"lt":5})");
  EXPECT_EQ(render(ints, "(1,5]"), R"({"gt":1,"lte":5})");
  EXPECT_EQ(render(ints, "(,5]"), R"({"lte":5})");
  EXPECT_EQ(render(ints, "[1,)"), R"({"gte":1})");
  EXPECT_EQ(render(ints, "(,)"), "{}");
  EXPECT_EQ(render(ints, "empty"), "null");
  EXPECT_EQ(render(make_range(numeric_type()), "[1.5,NaN]"), R"({"gte":1.5})");
}

TEST(ContainerWriter, RangeBoundsAreRenderedByTheirType) {
  EXPECT_EQ(render(make_range(date_type()), "[2020-01-01,infinity)"), R"({"gte":"2020-01-01"})");
  EXPECT_EQ(render(make_range(date_type()), "[-infinity,infinity]"), "{}");
  EXPECT_EQ(render(make_range(date_type()), "[\"0044-03-15 BC\",2020-01-01)"),
            R"({"gte":"-0043-03-15","lt":"2020-01-01"})");
  EXPECT_EQ(render(make_range(timestamptz_type()),
                   R"(["2020-01-01 00:00:00+00","2020-01-02 10:00:00.5+00"])"),
            R"({"gte":"2020-01-01T00:00:00Z","lte":"2020-01-02T10:00:00.5Z"})");
  EXPECT_EQ(render(make_range(text_type()), R"~(["a",""))~"), R"({"gte":"a","lt":""})");
  EXPECT_EQ(render(make_range(text_type()), R"~(["a""b\\c","x,y"))~"),
            R"({"gte":"a\"b\\c","lt":"x,y"})");
  EXPECT_EQ(render(make_range(text_type()), R"~(["",null))~"), R"({"gte":"","lt":"null"})");
}

TEST(ContainerWriter, Points) {
  const PgTypePtr point = make_type(Kind::point, "point");
  EXPECT_EQ(render(point, "(1.5,2)"), R"({"lon":1.5,"lat":2})");
  EXPECT_EQ(render(point, "(-0,1e+300)"), R"({"lon":-0,"lat":1e+300})");
  EXPECT_EQ(render(point, "(NaN,1)"), "null");
  EXPECT_EQ(render(point, "(1,-Infinity)"), "null");
}

TEST(ContainerWriter, Hstore) {
  const PgTypePtr hstore = make_type(Kind::hstore, "hstore");
  EXPECT_EQ(render(hstore, ""), "{}");
  EXPECT_EQ(render(hstore, R"("a"=>"1", "b"=>NULL)"), R"({"a":"1","b":null})");
  EXPECT_EQ(render(hstore, R"("c\"d"=>"x\\y, =>", ""=>"", "n"=>"NULL")"),
            R"({"c\"d":"x\\y, =>","":"","n":"NULL"})");
}

TEST(ContainerWriter, Composites) {
  EXPECT_EQ(render(pair_type(), "(1,x)"), R"({"a":1,"b \"x\"":"x"})");
  EXPECT_EQ(render(pair_type(), "(,)"), R"({"a":null,"b \"x\"":null})");
  EXPECT_EQ(render(pair_type(), R"~((1,""))~"), R"({"a":1,"b \"x\"":""})");
  EXPECT_EQ(render(pair_type(), R"~((1,"a""b\\c, (x)"))~"),
            R"~({"a":1,"b \"x\"":"a\"b\\c, (x)"})~");
  EXPECT_EQ(render(make_composite({}), "()"), "{}");
  EXPECT_EQ(render(make_composite({{"x", text_type()}}), "()"), R"({"x":null})");
}

TEST(ContainerWriter, CompositesInsideCompositesAndArraysInsideThem) {
  const PgTypePtr inner = make_composite({{"a", int4_type()}, {"b", text_type()}});
  const PgTypePtr outer = make_composite(
      {{"p", inner}, {"d", date_type()}, {"arr", make_array(int4_type())}, {"t", text_type()}});
  EXPECT_EQ(render(outer, R"~(("(1,""a""""b\\\\c, (x)"")",2020-01-01,"{1,NULL}",""))~"),
            R"~({"p":{"a":1,"b":"a\"b\\c, (x)"},"d":"2020-01-01","arr":[1,null],"t":""})~");
  EXPECT_EQ(render(outer, R"~(("(,)",,,))~"),
            R"({"p":{"a":null,"b":null},"d":null,"arr":null,"t":null})");
}

std::string random_text(std::mt19937& random) {
  constexpr std::string_view kAlphabet = "ab\"\\{}(),= >\n\t%_";
  std::string text;
  const size_t size = random() % 24;
  for (size_t i = 0; i < size; ++i) text.push_back(kAlphabet[random() % kAlphabet.size()]);
  return text;
}

std::string in_quotes(std::string_view text, bool doubling) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back(doubling ? c : '\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string literal(std::string open, const std::string& x, const std::string& y,
                    std::string_view close) {
  return open.append(x).append(",").append(y).append(close);
}

TEST(ContainerWriter, RandomTextsComeBackFromEveryKindOfLiteral) {
  std::mt19937 random(11);
  const PgTypePtr composite = make_composite({{"x", text_type()}, {"y", make_array(text_type())}});
  for (int round = 0; round < 5000; ++round) {
    const std::string x = random_text(random);
    const std::string y = random_text(random);
    const std::string array = literal("{", in_quotes(x, false), in_quotes(y, false), "}");
    const nlohmann::json both = {x, y};
    ASSERT_EQ(nlohmann::json::parse(render(make_array(text_type()), array)), both);
    const std::string row = literal("(", in_quotes(x, true), in_quotes(array, true), ")");
    const nlohmann::json object = {{"x", x}, {"y", both}};
    ASSERT_EQ(nlohmann::json::parse(render(composite, row)), object);
    const std::string store = in_quotes(x, false) + "=>" + in_quotes(y, false);
    ASSERT_EQ(nlohmann::json::parse(render(make_type(Kind::hstore, "hstore"), store))[x], y);
    const std::string range = literal("[", in_quotes(x, true), in_quotes(y, true), "]");
    ASSERT_EQ(nlohmann::json::parse(render(make_range(text_type()), range))["lte"], y);
  }
}

TEST(ContainerWriter, RandomRubbishIsAlwaysOneJsonValueOnOneLine) {
  std::mt19937 random(12);
  const std::vector<PgTypePtr> types = {make_array(make_array(int4_type())),
                                        make_range(date_type()),
                                        pair_type(),
                                        make_type(Kind::hstore, "hstore"),
                                        make_type(Kind::point, "point"),
                                        timestamptz_type(),
                                        make_array(pair_type())};
  for (int round = 0; round < 20000; ++round) {
    const std::string text = random_text(random);
    for (const PgTypePtr& type : types) {
      const std::string json = render(type, text);
      ASSERT_TRUE(nlohmann::json::accept(json)) << json;
      ASSERT_EQ(json.find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace syncline::document

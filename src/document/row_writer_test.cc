#include "document/row_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "document/test_types.h"

namespace syncline::document {
namespace {

std::string members(const RowWriter& writer, const Values& values, uint64_t present = 0) {
  std::string out;
  writer.append_members(values, present, out);
  return out;
}

TEST(RowWriter, WritesAliasesAndValuesInOrder) {
  const RowWriter writer(
      {{"b \"x\"", text_type(), 1}, {"a", int4_type(), 0}, {"c", bool_type(), 2}});
  EXPECT_EQ(members(writer, {"1", "two", "t"}), R"("b \"x\"":"two","a":1,"c":true,)");
}

TEST(RowWriter, NullAndRepeatedColumns) {
  const RowWriter writer({{"x", int4_type(), 0}, {"y", text_type(), 1}, {"again", int4_type(), 0}});
  EXPECT_EQ(members(writer, {"1", std::nullopt}), R"("x":1,"y":null,"again":1,)");
  EXPECT_EQ(members(RowWriter({}), {}), "");
}

TEST(RowWriter, AnOverriddenFieldIsLeftOutWhereTheOtherJobHasARow) {
  const uint64_t last = uint64_t{1} << 63U;
  const RowWriter writer(
      {{"a", int4_type(), 0, 0b110}, {"b", int4_type(), 1}, {"c", int4_type(), 2, last}});
  const Values values = {"1", "2", "3"};
  EXPECT_EQ(members(writer, values, 0), R"("a":1,"b":2,"c":3,)");
  EXPECT_EQ(members(writer, values, 0b001), R"("a":1,"b":2,"c":3,)");
  EXPECT_EQ(members(writer, values, 0b010), R"("b":2,"c":3,)");
  EXPECT_EQ(members(writer, values, last | 0b100), R"("b":2,)");
}

TEST(RowWriter, TheBoundHoldsWhatIsWritten) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += ",b";
  const struct {
    PgTypePtr type;
    std::string text;
  } cases[] = {
      {text_type(), std::string(3000, 'x')},
      {text_type(), std::string(3000, '\x01')},
      {text_type(), std::string(3000, '"')},
      {make_type(PgType::Kind::bytea, "bytea"), "\\x" + std::string(3000, 'a')},
      {make_array(text_type()), "{a" + many + "}"},
  };
  for (const auto& c : cases) {
    const RowWriter writer({{"field", c.type, 0}});
    const std::vector<std::optional<std::string_view>> values = {c.text};
    std::string out;
    writer.append_members(values, 0, out);
    EXPECT_LE(out.size(), writer.size_bound(values));
    EXPECT_LE(writer.size_bound(values), 2 * out.size());
  }
}

}  // namespace
}  // namespace syncline::document

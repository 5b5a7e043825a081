#include "compose/document_writer.h"

#include <gtest/gtest.h>

#include "compose/plan_for_test.h"

namespace syncline::compose {
namespace {

// Every place once, in the order of names: items, orders, people, shipments.
class DocumentWriterTest : public testing::Test {
 protected:
  std::string write(uint64_t present = 1, const document::StoredSource* stored = nullptr) {
    std::string out;
    writer_.open_document(rows_.page(), {{0, 0}, present, stored}, out);
    return out;
  }

  const Members members_ = members_of(
      JobForTest(JobType::nested, "items",
                 {{"order", document::int4_type()}, {"sku", document::text_type()}})
          .named("items", "sku"),
      JobForTest(JobType::index, "orders",
                 {{"id", document::int4_type()}, {"customer", document::int4_type()}}),
      JobForTest(JobType::property, "people",
                 {{"person", document::int4_type()}, {"city", document::text_type()}})
          .compares("person", "customer"),
      JobForTest(JobType::object, "shipments", {{"order", document::int4_type()}, {"carrier"}})
          .named("shipment"));
  const Shape shape_ = compile_shape(members_).value();
  RowsForTest rows_{shape_};
  DocumentWriter writer_{shape_};
};

TEST_F(DocumentWriterTest, EveryPlaceOnce) {
  rows_.set(0, {{"7", "7", "cup"}, {"7", "7", "te\"a"}});
  rows_.set(1, {{"7", "7", "3"}});
  rows_.set(2, {{"3", std::nullopt}});
  rows_.set(3, {{"7", "7", "post"}});
  EXPECT_EQ(write(), R"({"items":[{"order":7,"sku":"cup"},{"order":7,"sku":"te\"a"}],)"
                     R"("id":7,"customer":3,"city":null,"shipment":{"order":7,"carrier":"post"},)");
}

TEST_F(DocumentWriterTest, WithoutRowsOnlyTheArrayIsThere) {
  rows_.set(1, {{"7", "7", std::nullopt}});
  EXPECT_EQ(write(), R"({"items":[],"id":7,"customer":null,)");
}

TEST_F(DocumentWriterTest, AForeignArrayStaysAbsentUntilItHasHadARow) {
  const auto without = document::StoredSource::parse(R"({"title":"theirs"})");
  const auto with = document::StoredSource::parse(R"({"items":[{"order":7}]})");
  EXPECT_EQ(write(0, &*without), "{");
  EXPECT_EQ(write(0, &*with), R"({"items":[],)");
  rows_.set(0, {{"7", "7", "cup"}});
  EXPECT_EQ(write(0, &*without), R"({"items":[{"order":7,"sku":"cup"}],)");
}

TEST_F(DocumentWriterTest, TheBoundIsNoLess) {
  rows_.set(0, {{"7", "7", std::string(1000, '"')}});
  rows_.set(1, {{"7", "7", "3"}});
  EXPECT_GE(writer_.size_bound(rows_.page(), {0, 0}), write().size());
}

TEST_F(DocumentWriterTest, ALoadedRowIsTheDocument) {
  const std::vector<std::optional<std::string_view>> row = {"7", "7", "3"};
  std::string out;
  open_document(shape_.nodes()[1], row, out);
  EXPECT_EQ(out, R"({"id":7,"customer":3,)");
  EXPECT_GE(document_bound(shape_.nodes()[1], row), out.size());
}

TEST(OverriddenFieldTest, TheLastIndexJobWithARowWins) {
  const Members members = members_of(JobForTest(JobType::index, "a", {{"id"}, {"name"}}),
                                     JobForTest(JobType::index, "b", {{"id"}, {"name"}}));
  const Shape shape = compile_shape(members).value();
  RowsForTest rows(shape);
  rows.set(0, {{"7", "7", "first"}});
  DocumentWriter writer(shape);
  std::string alone, both;
  writer.open_document(rows.page(), {{0, 0}, 1, nullptr}, alone);
  rows.set(1, {{"7", "7", "last"}});
  writer.open_document(rows.page(), {{0, 0}, 3, nullptr}, both);
  EXPECT_EQ(alone, R"({"id":"7","name":"first",)");
  EXPECT_EQ(both, R"({"id":"7","name":"last",)");
}

}  // namespace
}  // namespace syncline::compose

#include "control/field_types.h"

#include <gtest/gtest.h>

namespace syncline::control {
namespace {

TEST(FieldTypes, ThoseOfAnyClusterAreTaken) {
  for (const char* type :
       {"integer", "text", "keyword", "scaled_float", "geo_point", "nested", "object", "knn_vector",
        "dense_vector", "flat_object", "flattened", "icu_collation_keyword", "murmur3",
        "annotated_text", "semantic_text", "date_nanos", "unsigned_long", "rank_features"})
    EXPECT_FALSE(unknown_type_fault(type)) << type;
}

TEST(FieldTypes, OthersAreRefusedWithTheOneThatFits) {
  for (const auto& [type, fitting] :
       std::initializer_list<std::pair<const char*, const char*>>{{"bigint", "long"},
                                                                  {"string", "text"},
                                                                  {"varchar", "text"},
                                                                  {"timestamp", "date"},
                                                                  {"json", "object"},
                                                                  {"bool", "boolean"},
                                                                  {"number", "double"},
                                                                  {"uuid", "keyword"},
                                                                  {"jsonb", "object"},
                                                                  {"integr", "integer"},
                                                                  {"keywrod", "keyword"},
                                                                  {"geopoint", "geo_point"},
                                                                  {"dat", "date"},
                                                                  {"nestd", "nested"}}) {
    EXPECT_EQ(fitting_field_type(type), fitting) << type;
    const auto fault = unknown_type_fault(type);
    ASSERT_TRUE(fault) << type;
    EXPECT_NE(fault->find(std::string("use ") + fitting), std::string::npos) << *fault;
  }
  const auto fault = unknown_type_fault("frobnicated_thing");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->find("use"), std::string::npos) << *fault;
}

}  // namespace
}  // namespace syncline::control

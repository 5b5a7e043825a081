#include "control/field_types.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace syncline::control {

namespace {

// Of Elasticsearch 7 to 9 and OpenSearch 1 to 3, and of the plugins that the two come with or
// offer.
constexpr std::array kTypes = std::to_array<std::string_view>({
    // values
    "binary",
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "unsigned_long",
    "half_float",
    "float",
    "double",
    "scaled_float",
    "date",
    "date_nanos",
    "ip",
    "version",
    "murmur3",
    "keyword",
    "constant_keyword",
    "counted_keyword",
    "wildcard",
    "icu_collation_keyword",
    "integer_range",
    "long_range",
    "float_range",
    "double_range",
    "date_range",
    "ip_range",
    // text
    "text",
    "match_only_text",
    "pattern_text",
    "annotated_text",
    "completion",
    "search_as_you_type",
    "token_count",
    "semantic_text",
    "semantic",
    // objects
    "object",
    "nested",
    "flattened",
    "flat_object",
    "passthrough",
    "join",
    "alias",
    "percolator",
    // figures and vectors
    "histogram",
    "exponential_histogram",
    "tdigest",
    "aggregate_metric_double",
    "hll",
    "rank_feature",
    "rank_features",
    "dense_vector",
    "sparse_vector",
    "rank_vectors",
    "knn_vector",
    "star_tree",
    "derived",
    // places
    "geo_point",
    "geo_shape",
    "point",
    "shape",
    "xy_point",
    "xy_shape",
});

using Hint = std::pair<std::string_view, std::string_view>;
constexpr std::array kHints = std::to_array<Hint>({
    {"int", "integer"},
    {"int2", "short"},
    {"int4", "integer"},
    {"int8", "long"},
    {"int16", "short"},
    {"int32", "integer"},
    {"int64", "long"},
    {"smallint", "short"},
    {"mediumint", "integer"},
    {"tinyint", "byte"},
    {"bigint", "long"},
    {"serial", "integer"},
    {"bigserial", "long"},
    {"smallserial", "short"},
    {"uint64", "unsigned_long"},
    {"number", "double"},
    {"numeric", "double"},
    {"decimal", "double"},
    {"dec", "double"},
    {"money", "double"},
    {"real", "float"},
    {"float4", "float"},
    {"float8", "double"},
    {"float32", "float"},
    {"float64", "double"},
    {"double_precision", "double"},
    {"string", "text"},
    {"str", "text"},
    {"varchar", "text"},
    {"varchar2", "text"},
    {"nvarchar", "text"},
    {"char", "keyword"},
    {"character", "keyword"},
    {"bpchar", "keyword"},
    {"citext", "text"},
    {"clob", "text"},
    {"longtext", "text"},
    {"mediumtext", "text"},
    {"tinytext", "text"},
    {"xml", "text"},
    {"tsvector", "text"},
    {"name", "keyword"},
    {"enum", "keyword"},
    {"uuid", "keyword"},
    {"guid", "keyword"},
    {"keywords", "keyword"},
    {"not_analyzed", "keyword"},
    {"bool", "boolean"},
    {"bit", "boolean"},
    {"timestamp", "date"},
    {"timestamptz", "date"},
    {"datetime", "date"},
    {"time", "keyword"},
    {"timetz", "keyword"},
    {"interval", "keyword"},
    {"year", "integer"},
    {"json", "object"},
    {"jsonb", "object"},
    {"hstore", "object"},
    {"map", "object"},
    {"dict", "object"},
    {"struct", "object"},
    {"composite", "object"},
    {"array", "nested"},
    {"list", "nested"},
    {"inet", "ip"},
    {"cidr", "ip_range"},
    {"ip_address", "ip"},
    {"ipv4", "ip"},
    {"ipv6", "ip"},
    {"macaddr", "keyword"},
    {"bytea", "binary"},
    {"blob", "binary"},
    {"bytes", "binary"},
    {"varbinary", "binary"},
    {"geometry", "geo_shape"},
    {"geography", "geo_shape"},
    {"polygon", "geo_shape"},
    {"latlon", "geo_point"},
    {"location", "geo_point"},
    {"vector", "dense_vector"},
    {"int4range", "integer_range"},
    {"int8range", "long_range"},
    {"numrange", "double_range"},
    {"daterange", "date_range"},
    {"tsrange", "date_range"},
    {"tstzrange", "date_range"},
});

// How many letters must be changed, added or left out to make the one of the other.
size_t distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  for (size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

}  // namespace

std::optional<std::string> unknown_type_fault(std::string_view type) {
  if (std::ranges::find(kTypes, type) != kTypes.end()) return std::nullopt;
  const std::string unknown =
      "\"" + std::string(type) + "\" is no field type of Elasticsearch or OpenSearch";
  const auto fitting = fitting_field_type(type);
  return fitting ? unknown + ": use " + std::string(*fitting) : unknown;
}

std::optional<std::string_view> fitting_field_type(std::string_view name) {
  const auto hint = std::ranges::find(kHints, name, &Hint::first);
  if (hint != kHints.end()) return hint->second;
  constexpr size_t kMistakesMax = 2;
  std::optional<std::string_view> nearest;
  size_t mistakes = std::min(kMistakesMax, name.size() / 3) + 1;
  for (const std::string_view type : kTypes) {
    const size_t found = distance(name, type);
    if (found >= mistakes) continue;
    mistakes = found;
    nearest = type;
  }
  return nearest;
}

}  // namespace syncline::control

// What the tests of compose share: members of tables that no server has, and rows made by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compose/page_rows.h"
#include "compose/shape.h"
#include "document/test_types.h"
#include "postgres/rows_for_test.h"

namespace syncline::compose {

struct ColumnForTest {
  std::string name;
  PgTypePtr type = document::text_type();
};

// A job on a table with these columns, all of them mapped as themselves; the first one is its key,
// and its id.
class JobForTest {
 public:
  JobForTest(JobType type, std::string name, std::vector<ColumnForTest> columns)
      : member_(std::make_unique<Member>()) {
    JobSpec& spec = member_->config.spec;
    spec.type = type;
    spec.name = std::move(name);
    postgres::TableInfo& table = member_->table;
    table.qualified_name = "public." + spec.name;
    for (const ColumnForTest& column : columns) {
      postgres::ColumnInfo info;
      info.name = column.name;
      info.type = column.type;
      table.columns.push_back(info);
      spec.columns.push_back(column.name);
      spec.mappings.push_back({column.name, column.name, "keyword", ""});
    }
    table.winner_key = {columns.front().name};
    table.unique_keys = {table.winner_key};
    spec.id = {columns.front().name};
  }

  JobForTest& compares(std::string source, std::string target) {
    member_->config.spec.id.clear();
    member_->config.spec.compare_source = std::move(source);
    member_->config.spec.compare_target = std::move(target);
    return *this;
  }
  JobForTest& named(std::string name, std::string ordered_by = {}) {
    member_->config.spec.object_name = member_->config.spec.nested_name = std::move(name);
    member_->config.spec.nested_id = std::move(ordered_by);
    return *this;
  }

  std::unique_ptr<Member> take() {
    const Status described = describe_member(*member_);
    EXPECT_TRUE(described.ok()) << (described.ok() ? "" : described.error().message);
    return std::move(member_);
  }

 private:
  std::unique_ptr<Member> member_;
};

template <typename... Jobs>
Members members_of(Jobs&&... jobs) {
  Members members;
  (members.push_back(jobs.take()), ...);
  return members;
}

// The rows of a page with one document, by node.
class RowsForTest {
 public:
  explicit RowsForTest(const Shape& shape) : shape_(shape), page_(shape) {
    for (const Node& node : shape.nodes()) set(node.number, {});
  }

  // With their link values first. Not of an array: at most one.
  void set(size_t number, const std::vector<postgres::RowForTest>& rows) {
    PageRows::Found& found = page_.of_node_[number];
    found = {};
    found.rows.parts_.push_back(postgres::rows_for_test(rows));
    std::vector<RowPlace> places;
    for (size_t row = 0; row < rows.size(); ++row)
      places.push_back({&found.rows.parts_.front(), static_cast<int>(row)});
    if (shape_.nodes()[number].place == Place::array) {
      found.rows.lists_ = {places};
      return;
    }
    places.resize(1);
    found.rows.places_ = places;
    if (!rows.empty()) found.key_of = {0};
  }

  const PageRows& page() const { return page_; }

 private:
  const Shape& shape_;
  PageRows page_;
};

}  // namespace syncline::compose

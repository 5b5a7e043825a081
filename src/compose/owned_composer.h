// OwnedComposer: whole documents of an index that the plan defines.
#pragma once

#include "compose/composer.h"
#include "compose/property_rows.h"
#include "compose/row_reader.h"
#include "document/bulk_builder.h"

namespace syncline::compose {

// Why a document cannot be composed: a row of some member is there and cannot be read. Null: it
// can.
const std::string* unreadable_row(const Members& members, const std::vector<FoundRows>& found,
                                  const PropertyRows& properties, size_t document);
// A document that is parked without asking the cluster.
retry::ParkedDocument refused_here(const PlanContext& context, const std::string& id,
                                   std::string type, std::string reason);
// Appends a row's fields as {"alias":value,…}; `values` is room that is used again.
void append_object(const Member& member, const RowPlace& row,
                   std::vector<std::optional<std::string_view>>& values, std::string& out);
// Appends the rows as [{…},…].
void append_array(const Member& member, std::span<const RowPlace> rows,
                  std::vector<std::optional<std::string_view>>& values, std::string& out);

// Of the rows of one page of documents, and of a single document: a larger one is parked. What a
// document weighs as JSON is bounded by what clusters take (http.max_content_length).
constexpr size_t kPageRowBytesMax = size_t{16} << 20;
constexpr size_t kDocumentRowBytesMax = size_t{64} << 20;
constexpr size_t kDocumentJsonBytesMax = 100'000'000;
constexpr size_t kBodyBytesMax = 10'000'000;  // but for a single document

class OwnedComposer final : public Composer {
 public:
  OwnedComposer(PlanContext& context, const StopSignal& stop);

  // A document, or a delete where no index member has a row.
  Result<Composition> compose(std::span<const std::string> ids) override;

 private:
  Result<std::span<const std::string>> read_rows(std::span<const std::string> ids);
  Result<bool> read_all_rows(std::span<const std::string> ids);
  void forget_rows();
  bool add(const std::string& id, size_t document, Composition& composition);
  size_t size_bound(size_t document);
  uint64_t present_members(size_t document) const;
  std::optional<std::string> compare_key_of(const Member& property, size_t document) const;
  Status add_deletes(std::vector<std::string> ids, Composition& composition);
  void add_document(const std::string& id, size_t document, Composition& composition);
  void write_members(size_t document, uint64_t present);

  PlanContext& context_;
  RowReader reader_;
  PropertyRows properties_;
  std::vector<FoundRows> found_;   // by member
  std::vector<uint64_t> present_;  // by document: bits of the index members that have a row
  document::BulkBuilder builder_;
  size_t page_bytes_ = 0;   // of the rows held
  bool too_large_ = false;  // the only document's rows, which are not held
  std::vector<std::optional<std::string_view>> values_;
};

}  // namespace syncline::compose

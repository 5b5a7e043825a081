// OwnedComposer: whole documents of an index that the plan defines.
#pragma once

#include "document/bulk_builder.h"
#include "pipeline/composer.h"
#include "pipeline/page_size.h"
#include "pipeline/property_rows.h"
#include "pipeline/row_reader.h"

namespace syncline {

// Appends a row's fields as {"alias":value,…}; `values` is room that is used again.
void append_object(const Member& member, const RowPlace& row,
                   std::vector<std::optional<std::string_view>>& values, std::string& out);
// Appends the rows as [{…},…].
void append_array(const Member& member, std::span<const RowPlace> rows,
                  std::vector<std::optional<std::string_view>>& values, std::string& out);

class OwnedComposer final : public Composer {
 public:
  OwnedComposer(PlanContext& context, const StopSignal& stop);

  // A document, or a delete where no index member has a row.
  Result<Composition> compose(std::span<const std::string> ids) override;

 private:
  // How many documents fit in memory at once, by those seen so far.
  Result<std::span<const std::string>> read_rows(std::span<const std::string> ids);
  uint64_t present_members(size_t document) const;
  std::optional<std::string> compare_key_of(const Member& property, size_t document) const;
  Status add_deletes(std::vector<std::string> ids, Composition& composition);
  void write_document(const std::string& id, size_t document, uint64_t present);

  PlanContext& context_;
  RowReader reader_;
  PropertyRows properties_;
  std::vector<FoundRows> found_;   // by member
  std::vector<uint64_t> present_;  // by document: bits of the index members that have a row
  BulkBuilder builder_;
  PageSize page_size_;
  std::vector<std::optional<std::string_view>> values_;
};

}  // namespace syncline

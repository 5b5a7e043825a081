// OwnedComposer: whole documents of an index that the plan defines.
#pragma once

#include "compose/composer.h"
#include "compose/document_writer.h"
#include "compose/page_rows.h"
#include "compose/row_reader.h"
#include "document/bulk_builder.h"

namespace syncline::compose {

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
  uint64_t present_nodes(size_t document) const;
  Status add_deletes(std::vector<std::string> ids, Composition& composition);
  void add_document(const std::string& id, size_t document, Composition& composition);

  PlanContext& context_;
  RowReader reader_;
  PageRows rows_;
  DocumentWriter writer_;
  std::vector<uint64_t> present_;  // by document: bits of the nodes that define it, having a row
  document::BulkBuilder builder_;
  size_t page_bytes_ = 0;   // of the rows held
  bool too_large_ = false;  // the only document's rows, which are not held
};

}  // namespace syncline::compose

// ForeignComposer: puts a plan's own fields into documents that somebody else writes.
//
// The document is read with its sequence number before any row is, and written as a whole only
// while that number still stands: a late write loses, nobody else's is lost, and a document that is
// gone is never made again. Where our fields are right already nothing is written.
#pragma once

#include "compose/composer.h"
#include "compose/document_writer.h"
#include "compose/page_rows.h"
#include "compose/row_reader.h"
#include "document/bulk_builder.h"
#include "document/stored_source.h"

namespace syncline::compose {

class ForeignComposer final : public Composer {
 public:
  ForeignComposer(PlanContext& context, const StopSignal& stop);

  Result<Composition> compose(std::span<const std::string> ids) override;

 private:
  struct Document {
    std::string id;
    document::StoredSource source;
    int64_t seq_no = 0;
    int64_t primary_term = 0;
    std::optional<std::string> routing;
    size_t row = 0;  // its id's place in ids_: several documents may have one
  };

  // How many of these ids were read, a prefix, is composition.documents.
  Status read_documents(std::span<const std::string> ids, Composition& composition);
  Status read_rows(Composition& composition);
  Result<bool> read_all_rows();
  std::optional<std::string> compare_key_of(const Node& node, size_t document) const;
  void write_own_fields(size_t document, std::string& out);

  PlanContext& context_;
  RowReader reader_;
  PageRows rows_;
  DocumentWriter writer_;
  std::vector<std::string> own_names_;  // every field that the plan writes
  std::vector<Document> documents_;     // of the page
  std::vector<std::string> ids_;        // theirs, each once
  document::BulkBuilder builder_;
};

}  // namespace syncline::compose

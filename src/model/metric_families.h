// All that is counted: the families of Metrics, by the names that Prometheus is to see. Constants.
#pragma once

#include "base/metrics.h"

namespace syncline {

// The label of what belongs to a plan: target/index.
inline constexpr const char* kPlanLabel = "plan";

inline constexpr CounterFamily kDocumentsIndexed{
    {"syncline_documents_indexed_total", "Documents written to the index."}};
inline constexpr CounterFamily kDocumentsDeleted{
    {"syncline_documents_deleted_total", "Documents deleted from the index."}};
inline constexpr CounterFamily kDocumentConflicts{
    {"syncline_document_conflicts_total",
     "Documents not written because the index had a newer version."}};

}  // namespace syncline

// What a cluster says to a bulk request: parsing its answer, and the meaning of each item's status.
//
// Pure but for the parser's buffers: one parser for each thread that reads answers (a BulkWriter's,
// on the HTTP loop).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_mask.h"
#include "model/bulk.h"

namespace syncline::index {

struct ClusterError {
  uint32_t item = 0;  // its position in the answer
  std::string type;
  std::string reason;             // with the causes' reasons joined; may hold field values
  bool circuit_breaking = false;  // one of the causes is a circuit_breaking_exception
};

// One status for each item, and the errors of those that have one, by rising position.
struct BulkAnswer {
  std::vector<uint16_t> statuses;
  std::vector<ClusterError> errors;
};

class BulkAnswerParser {
 public:
  // `secrets` are cut out of errors, and outlive the parser.
  explicit BulkAnswerParser(const SecretMask& secrets);
  ~BulkAnswerParser();

  // Nothing if this is not the answer to a bulk of so many items. The text may get spare bytes at
  // its end.
  std::optional<BulkAnswer> parse(std::string& text, size_t items_expected);
  // The error of a request refused as a whole; nothing if it was not a cluster that wrote this.
  std::optional<ClusterError> parse_error(std::string& text);

 private:
  struct Buffers;
  const SecretMask& secrets_;
  std::unique_ptr<Buffers> buffers_;
};

// What to do about one item.
enum class ItemVerdict {
  done,
  conflict,
  refused,     // the document's own fault
  retry,       // the cluster's, and passing
  retry_full,  // the disk's (flood stage): passing, but only with a person's or the cluster's help
  index_gone,  // the index, or the alias, is not there
  needs_person,  // blocked, closed, or no privilege
};
// `error` may be null.
ItemVerdict judge_item(BulkAction action, int status, const ClusterError* error);

}  // namespace syncline::index

// ParkedReader: looks into parked.db on a connection of its own.
//
// Owner: ParkedStore. Thread-safe. Sees what is committed; never waits for a writer. Every look is
// short, so that SQLite's log can be folded back into the file.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "retry/parked_database.h"
#include "retry/parked_document.h"

namespace syncline::retry {

struct ParkedPage {
  std::vector<ParkedDocument> documents;  // by rising id, byte for byte
  std::optional<std::string> next;        // the last id, if more follow
};

// A walk over due documents: which, and where it stands.
struct DueWalk {
  int64_t until_us = 0;                                           // due by then
  int64_t tried_before_us = std::numeric_limits<int64_t>::max();  // and not tried since
  int64_t next_at_us = -1, number = 0;                            // of the last one given
};

class ParkedReader {
 public:
  static Result<std::unique_ptr<ParkedReader>> open(const std::string& path);

  Result<std::optional<ParkedDocument>> find(const std::string& plan, const std::string& id);
  Result<std::vector<std::string>> parked_among(const std::string& plan,
                                                const std::vector<std::string>& ids);
  // Calls with every parked id of the plan. Others wait meanwhile.
  Status each_id(const std::string& plan, const std::function<void(const std::string&)>& take);
  // The job's documents from the first id after `after` on.
  Result<ParkedPage> page(const std::string& plan, const std::string& job,
                          const std::optional<std::string>& after, size_t limit);
  // The walk's next documents, the longest due first.
  Result<std::vector<std::string>> due(const std::string& plan, DueWalk& walk, size_t max);

 private:
  explicit ParkedReader(std::shared_ptr<ParkedDatabase> file) : file_(std::move(file)) {}
  Status prepare();
  static ParkedDocument document(const storage::SqliteStatement& row);

  std::shared_ptr<ParkedDatabase> file_;
  storage::SqliteStatement contains_, find_, ids_, page_, due_;
};

}  // namespace syncline::retry

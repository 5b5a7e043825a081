// ParkedReader: looks into parked.db on a connection of its own.
//
// Owner: ParkedStore. Thread-safe. Sees what is committed; never waits for a writer. Every look is
// short, so that SQLite's log can be folded back into the file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "retry/parked_database.h"
#include "retry/parked_document.h"

namespace syncline {

struct ParkedPage {
  std::vector<ParkedDocument> documents;  // by rising id, byte for byte
  std::optional<std::string> next;        // the last id, if more follow
};

// Where a walk over the due documents stands.
struct DueMark {
  int64_t next_at_us = -1;
  std::string id;
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
  // Documents due by `until_us` that lie past the mark, which moves on; the longest due first.
  Result<std::vector<std::string>> due(const std::string& plan, int64_t until_us, DueMark& mark,
                                       size_t max);

 private:
  explicit ParkedReader(std::shared_ptr<ParkedDatabase> file) : file_(std::move(file)) {}
  Status prepare();
  static ParkedDocument document(const SqliteStatement& row);

  std::shared_ptr<ParkedDatabase> file_;
  SqliteStatement contains_, find_, ids_, page_, due_;
};

}  // namespace syncline

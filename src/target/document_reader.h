// DocumentReader: what is stored in an index that somebody else writes: documents as they are, how
// far each shard has come, how a field is mapped, and which documents hold a value.
//
// Owner: a foreign plan, one each; stateless but for its cluster. Calls block (at most 30 s). Any
// thread but the HTTP loop's. Errors as IndexAdmin's. An index that does not exist has no
// documents.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "target/http_client.h"

namespace syncline {

struct StoredDocument {
  std::string id;
  std::string source;  // JSON as its writer sent it
  int64_t seq_no = 0;
  int64_t primary_term = 0;
};

// How a field is mapped.
struct FieldLook {
  std::string type;        // "keyword", "long" …
  bool searchable = true;  // not `index: false`, nor inside of an object that is not enabled
};

class DocumentReader {
 public:
  static constexpr size_t kIdsMax = 1000;

  DocumentReader(HttpClient& http, std::string index);

  // The documents that exist among these (realtime). At most kIdsMax a call.
  Result<std::vector<StoredDocument>> read(const std::vector<std::string>& ids);

  // For each shard the highest sequence number up to which every operation has been worked off on
  // all its copies: after a refresh, a search sees all of them.
  Result<std::map<int, int64_t>> checkpoints();

  // Nothing if no mapping names the path.
  Result<std::optional<FieldLook>> field(const std::string& path);

 private:
  HttpClient& http_;
  const std::string index_;
};

// Queries (JSON) for IndexAdmin::begin_scroll.
// The documents of a shard whose last operation lies above one sequence number, up to another.
std::string changed_query(int64_t above, int64_t up_to);
// A superset of the documents whose field equals one of the values (compare keys); all documents
// where the field cannot be searched.
std::string matching_query(const std::string& path, const std::optional<FieldLook>& field,
                           const std::vector<std::string>& values);

}  // namespace syncline

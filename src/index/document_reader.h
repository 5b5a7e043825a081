// DocumentReader: what is stored in an index: documents as they are, how far each shard has come,
// how a field is mapped, and which documents hold a value. Foreign plans compose and sweep by it;
// verification reads by it whatever the plan.
//
// Owner: a plan, one each; stateless but for its cluster. Calls block (at most 30 s). Any thread
// but the HTTP loop's. Errors as IndexAdmin's. An index that does not exist has no documents.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/http_client.h"

namespace syncline::index {

struct StoredDocument {
  std::string id;
  std::string source;  // JSON as its writer sent it
  int64_t seq_no = 0;
  int64_t primary_term = 0;
  std::optional<std::string> routing;  // to be written with it again
};

// How a field is mapped.
struct FieldLook {
  std::string type;        // "keyword", "long" …
  bool searchable = true;  // not `index: false`, nor inside of an object that is not enabled
  std::optional<int64_t> ignore_above =
      std::nullopt;                // longer strings (in UTF-16 units) are not indexed
  bool ignores_malformed = false;  // what is no value of the type is not indexed
};

class DocumentReader {
 public:
  static constexpr size_t kIdsMax = 1000;

  DocumentReader(http::HttpClient& http, std::string index);

  // The documents that exist among these. At most kIdsMax a call. Realtime, but for those that only
  // their routing leads to: that is found by a search, which sees them after a refresh. One id may
  // stand for several, each with a routing of its own. Error with the code kTooLarge: more than
  // kPageBytesMax together, or than kDocumentBytesMax if it is one: ask for fewer.
  Result<std::vector<StoredDocument>> read(std::span<const std::string> ids);
  static constexpr size_t kPageBytesMax = size_t{16} << 20;
  static constexpr size_t kDocumentBytesMax = size_t{48} << 20;
  static const char* const kTooLarge;

  // For each shard the highest sequence number up to which every operation has been worked off on
  // all its copies: after a refresh, a search sees all of them.
  Result<std::map<int, int64_t>> checkpoints();

  // Nothing if no mapping names the path.
  Result<std::optional<FieldLook>> field(const std::string& path);

 private:
  struct Place {
    std::string id;
    std::optional<std::string> routing;
  };
  Result<std::vector<StoredDocument>> read_at(const std::vector<Place>& places);
  Result<std::vector<Place>> find_routed(const std::vector<std::string>& ids);

  http::HttpClient& http_;
  const std::string index_;
};

// Queries (JSON) for IndexAdmin::begin_scroll.
// The documents of a shard whose last operation lies above one sequence number, up to another.
std::string changed_query(int64_t above, int64_t up_to);
// A superset of the documents whose field equals one of the values (compare keys); all documents
// where the field cannot be searched, and those whose field is not indexed where a value may be
// why.
std::string matching_query(const std::string& path, const std::optional<FieldLook>& field,
                           const std::vector<std::string>& values);
// Where the cluster refuses that one, since the field cannot hold the value: what may hold it
// nevertheless; nothing if none can.
std::optional<std::string> unindexed_query(const std::string& path,
                                           const std::optional<FieldLook>& field);

}  // namespace syncline::index

// IndexAdmin: everything about an index that is not a bulk: create, mappings, settings, UUID,
// counts, scrolls.
//
// Owner: a plan, one each; stateless but for its cluster. Calls block (at most 30 s). Any thread
// but the HTTP loop's. Errors: retry (not reachable, 429, 5xx, index gone meanwhile), needs_person
// (says what to do); park only where a cluster refuses the query of a scroll.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/http_client.h"

namespace syncline::index {

// One field that a plan wants mapped: a path for object and nested fields ("items.sku") or a plain
// name.
struct FieldMapping {
  std::string name;                      // alias
  std::string type;                      // as in the index: "integer", "text", "nested" …
  std::string params_json;               // raw mapping parameters merged in, or empty
  std::vector<FieldMapping> properties;  // of object and nested
};

struct ClusterInfo {
  bool opensearch = false;
  std::string version;  // "2.19.5"
  int major = 0;
};

// Who keeps an index: the plan of one installation.
struct IndexOwner {
  std::string instance;
  std::string plan;  // target/index
  bool operator==(const IndexOwner&) const = default;
};

struct IndexDescription {
  std::string name;  // of the index itself, where it was asked for by an alias
  std::string uuid;
  bool created_by_syncline = false;  // our marks in mapping _meta
  std::optional<IndexOwner> owner;
  bool has_write_alias = false;         // that of IndexClaim
  bool found_by_special_alias = false;  // one that routes or filters
  bool needs_routing = false;           // refuses documents without one
  std::string data_stream;              // whose backing index it is, or empty
  std::string settings;                 // a digest of the jobs' settings that it has
};

struct FoundDocument {
  std::string id;
  int64_t version = 0;
};

class IndexAdmin {
 public:
  static constexpr size_t kIdsMax = 1000;

  IndexAdmin(http::HttpClient& http, std::string index);

  Result<ClusterInfo> cluster_info();

  // Nothing if the index does not exist. An alias is followed if it names one index, else
  // needs_person.
  Result<std::optional<IndexDescription>> describe();

  // Creates the index with these fields, all jobs' settings (JSON objects or empty), gc_deletes 10m
  // unless the user set it, and our marks in _meta. False: such an index exists by now.
  Result<bool> create(const std::vector<FieldMapping>& fields,
                      const std::vector<std::string>& settings_json, const IndexOwner& owner);

  // Takes back what create() made.
  Status remove();

  // Brings an index that Syncline created to the jobs' settings where they changed since it got
  // them; what somebody set by hand stays until then. A setting that is not dynamic: needs_person,
  // naming it and what to do.
  Status change_settings(const IndexDescription& index,
                         const std::vector<std::string>& settings_json);

  // Adds what is missing to an existing index's mapping. A field that is there with a type that
  // does not take what the asked one takes: needs_person, naming the field, both types, and what to
  // do.
  Status add_missing_fields(const std::vector<FieldMapping>& fields);

  // refresh_interval -1 and 0 replicas while a new index is loaded. The original settings are
  // stored in the index's own mapping _meta first, so that they survive us; end_load_mode puts them
  // back (idempotent, also after a crash) and refreshes. Where there is nothing to put back, it is
  // one GET and does nothing.
  Status begin_load_mode();
  Status end_load_mode();

  Status refresh();

  // The stored versions of these documents (realtime); an id without a document is left out. At
  // most kIdsMax a call.
  Result<std::vector<FoundDocument>> versions(const std::vector<std::string>& ids);

  Result<int64_t> count();

  // Walks all ids of the index in pages of at most 1,000 (scroll, sorted by _doc, _source off, with
  // versions). begin_scroll refreshes nothing; call refresh() first. An empty page ends it. The
  // scroll is closed by end_scroll. A scroll that is gone (older than 5 minutes between pages, node
  // restarted) is an error: begin again.
  struct ScrollPage {
    std::string scroll_id;
    std::vector<FoundDocument> documents;
  };
  Result<ScrollPage> begin_scroll();
  // The same over the documents that match a query (JSON, of the query DSL), of one shard alone if
  // `shard` is not negative, in pages of `size`. A query that the cluster refuses: park.
  Result<ScrollPage> begin_scroll(const std::string& query_json, int shard, size_t size);
  Result<ScrollPage> next_page(const std::string& scroll_id);
  void end_scroll(const std::string& scroll_id);

  const std::string& index() const { return index_; }

 private:
  Status send_settings(const nlohmann::json& settings);
  Status note_settings(const std::string& digest_of_settings);

  http::HttpClient& http_;
  std::string index_;
};

}  // namespace syncline::index

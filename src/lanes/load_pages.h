// LoadPages: the rows of a COPY as documents: written straight into a body where a row is a
// document; else their keys are gathered by the page and composed.
//
// Owner: Loader, on its thread. Place in the flow: COPY line → [row → body] → LoadBodies.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compose/composer.h"
#include "compose/plan_context.h"
#include "compose/resolver.h"
#include "document/bulk_builder.h"
#include "document/copy_row.h"
#include "lanes/load_bodies.h"
#include "postgres/session.h"

namespace syncline::lanes {

class LoadPages {
 public:
  LoadPages(compose::PlanContext& context, const LoadInterrupts& interrupts, LoadBodies& bodies);

  enum class Rows {
    documents,  // each is one, and comes with all columns
    keys,       // their link columns alone: the documents are looked up
  };
  // A COPY of the member's rows, from here on, with the version that was taken before.
  void begin(const compose::Member& member, Rows rows, int64_t version,
             const LoadCheckpoint::Reached& from);
  // The next line.
  Status take(const postgres::Session::CopyLine& line);
  // There is enough for a body.
  bool full() const;
  // Sends what was gathered.
  Status flush();

  bool direct() const { return copy_.rows == Rows::documents; }
  // Where the row is that came last, and how many rows came in all.
  const LoadCheckpoint::Reached& read() const { return copy_.read; }
  int64_t rows_read() const { return copy_.rows_read; }

 private:
  // Keys of rows, each once.
  struct Page {
    std::vector<std::string> keys;
    std::set<std::string> distinct;
    size_t bytes = 0;
    void add(std::string key) {
      bytes += key.size();
      keys.push_back(std::move(key));
    }
  };

  // The COPY under way.
  struct Copy {
    const compose::Member* member = nullptr;
    const compose::Node* node = nullptr;
    Rows rows = Rows::keys;
    int64_t version = 0;
    LoadCheckpoint::Reached read;         // by the row that came last
    LoadCheckpoint::Reached before_page;  // by the rows before those of the page
    int64_t rows_read = 0;
  };

  Status write_row(size_t line_bytes);
  Status compose_page();
  Status compose_ids(std::span<const std::string> ids);
  Status compose_keys(const compose::Member& property, std::span<const std::string> keys);
  Status compose_key_by_pages(const compose::Member& property, const std::string& key);
  Status compose_resolved(const compose::ResolvedPage& page);
  Status flush_body();
  void begin_body();

  compose::PlanContext& context_;
  LoadBodies& bodies_;
  const std::unique_ptr<compose::Composer> composer_;
  const std::unique_ptr<compose::Resolver> resolver_;
  document::BulkBuilder builder_;
  document::CopyRow row_;
  Page page_;
  Copy copy_;
};

}  // namespace syncline::lanes

// Composer: builds whole documents from the tables as they are now.
//
// Owner: a lane (stream or loader), one thread each. Place in the flow: ids → [rows of every member
// → JSON] → bulk body.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "document/bulk_builder.h"
#include "model/bulk.h"
#include "pipeline/member.h"
#include "retry/parked_store.h"

namespace syncline {

struct Composition {
  BulkBody body;
  std::vector<ParkedDocument> unsendable;  // a cluster would refuse the whole body for them
  std::vector<std::string> absent;         // such ids without a row: nothing there, nothing to do
  size_t documents = 0;                    // of the ids asked, how many were composed: a prefix
};

class Composer {
 public:
  // members: the plan's index jobs, ordered by name; they outlive the composer.
  Composer(const std::vector<std::unique_ptr<Member>>& members, const Clock& clock,
           const StopSignal& stop)
      : members_(members), clock_(clock), stop_(stop) {}

  // Composes a prefix of these ids (distinct) into one body: a document, or a delete where no
  // member has a row. `version` was taken before. Error: retry; pause_job where several rows
  // without a key claim one id.
  Result<Composition> compose(std::span<const std::string> ids, int64_t version);

 private:
  struct Found;

  // How many ids fit in memory at once, by the rows seen so far.
  size_t page_size() const;
  Result<std::vector<Found>> read_rows(std::span<const std::string> ids);
  Status read_member(const Member& member, Session& session, std::span<const std::string> ids,
                     Found& found);
  static uint64_t present_members(size_t place, const std::vector<Found>& found);
  void write_document(const std::string& id, size_t place, uint64_t present,
                      const std::vector<Found>& found);

  const std::vector<std::unique_ptr<Member>>& members_;
  const Clock& clock_;
  const StopSignal& stop_;
  BulkBuilder builder_;
  double row_bytes_ = 1024;  // a running mean
  std::vector<std::optional<std::string_view>> values_;
};

}  // namespace syncline

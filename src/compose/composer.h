// Composer: builds documents from the tables as they are now.
//
// Owner: stream, loader and verifier, one each, used on its thread. Place in the flow: ids → [rows
// of every member → JSON] → bulk body. Of an owned plan it makes each document whole, with a
// version that was taken before any row was read; of a foreign one it puts the plan's own fields
// into the document as its owner wrote it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "model/bulk.h"
#include "retry/parked_store.h"

namespace syncline::compose {

struct PlanContext;

struct Composition {
  BulkBody body;
  std::vector<retry::ParkedDocument> unsendable;  // a cluster would refuse the whole body for them
  std::vector<std::string> nothing_to_do;         // of them nothing has to be written
  size_t documents = 0;            // of the ids asked, how many were looked at: a prefix
  std::vector<std::string> again;  // of those, the ones that are to be composed again
};

class Composer {
 public:
  Composer() = default;
  virtual ~Composer() = default;
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;

  // Composes a prefix of these ids (distinct, not empty) into one body. Error: retry; needs_person
  // where the tables cannot say what a document is.
  virtual Result<Composition> compose(std::span<const std::string> ids) = 0;
};

// A document that is parked without asking the cluster.
retry::ParkedDocument refused_here(const PlanContext& context, const std::string& id,
                                   std::string type, std::string reason);

// The composer for the plan's kind. All arguments outlive it.
std::unique_ptr<Composer> make_composer(PlanContext& context, const StopSignal& stop);

}  // namespace syncline::compose

// ParkedCommands: what a client does with the documents that the cluster refused: a page of them,
// trying them now, giving one up.
//
// Owner: JobService. Thread-safe. In the flow: REST → ParkedCommands → ParkedDocuments, which has a
// lock of its own.
#pragma once

#include <string>

#include "control/configured.h"
#include "control/failure_json.h"
#include "control/outcome.h"
#include "model/parked_documents.h"

namespace syncline::control {

class ParkedCommands {
 public:
  // Both outlive the commands.
  ParkedCommands(const Configured& configured, ParkedDocuments& parked)
      : configured_(configured), parked_(parked) {}

  Outcome list(const std::string& job, const QueryParameters& parameters) const;
  // Body: nothing for all, or {"ids": […]}.
  Outcome retry(const std::string& job, const Json& body);
  Outcome give_up(const std::string& job, const std::string& id);

 private:
  const Configured& configured_;
  ParkedDocuments& parked_;
};

}  // namespace syncline::control

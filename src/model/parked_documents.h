// ParkedDocuments: the documents that the cluster refused, by the jobs that they stand on, and what
// can be done with them. The room retry implements it, control asks, main wires it.
//
// Owner: main. Thread-safe. A job that is not configured: an error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/failure.h"

namespace syncline {

class ParkedDocuments {
 public:
  virtual ~ParkedDocuments() = default;

  virtual Result<FailurePage> failures(const std::string& job, const FailureQuery& query) = 0;
  // Tries them now: all, or those of the ids. Returns at once; the plan does it as soon as it runs.
  virtual Result<RetriedFailures> retry_failures(
      const std::string& job, const std::optional<std::vector<std::string>>& ids) = 0;
  // Forgets one, until it changes again; gives back what was known of it, nothing if it is not
  // parked.
  virtual Result<std::optional<Failure>> give_up(const std::string& job, const std::string& id) = 0;
};

}  // namespace syncline

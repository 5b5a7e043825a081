// Cluster: one target as a running thing: its HTTP client and how much it bears.
//
// Owner: the engine, one for each target; shared by the plans on it, which end before it.
// Thread-safe.
#pragma once

#include <memory>

#include "http/http_client.h"
#include "index/bulk_concurrency.h"
#include "index/bulk_writer.h"

namespace syncline::index {

class Cluster {
 public:
  // Takes the AWS credentials from the process's environment, if the target asks for them.
  Cluster(const TargetSpec& spec, const Clock& clock);
  ~Cluster();

  http::HttpClient& http() { return *http_; }
  BulkConcurrency& concurrency() { return *concurrency_; }

 private:
  std::unique_ptr<BulkConcurrency> concurrency_;
  std::unique_ptr<http::HttpClient>
      http_;  // last: its destructor runs callbacks that give slots back
};

}  // namespace syncline::index

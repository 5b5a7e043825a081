#include "index/cluster.h"

#include <cstdlib>
#include <string>

namespace syncline::index {

namespace {

// Besides the bulks: what the plans ask of their indices.
constexpr int kAdminConnections = 6;
constexpr int kConnectionsMax = BulkConcurrency::kRequestsMax + kAdminConnections;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

http::AwsCredentials credentials_for(const TargetSpec& spec) {
  if (!spec.aws) return {};
  return {variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
          variable("AWS_SESSION_TOKEN")};
}

}  // namespace

Cluster::Cluster(const TargetSpec& spec, const Clock& clock)
    : concurrency_(std::make_unique<BulkConcurrency>(clock)),
      http_(std::make_unique<http::HttpClient>(spec, kConnectionsMax, credentials_for(spec))) {}

Cluster::~Cluster() = default;

}  // namespace syncline::index

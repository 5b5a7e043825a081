#include "control/startup.h"

#include <utility>
#include <vector>

#include "control/spec_parser.h"
#include "control/stored_spec.h"

namespace syncline::control {

namespace {

Status load_sources(const Store& store, Configured& configured) {
  SYNCLINE_ASSIGN(const std::vector<StoredSource> stored, store.sources());
  for (const auto& [name, text, installed] : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<SourceSpec>(name, text, parse_source));
    configured.current.sources[name] = std::move(read.first);
    configured.bodies(ResourceKind::source)[name] = std::move(read.second);
  }
  return {};
}

Status load_targets(const Store& store, Configured& configured) {
  SYNCLINE_ASSIGN(const std::vector<StoredResource> stored, store.targets());
  for (const auto& [name, text] : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<TargetSpec>(name, text, parse_target));
    configured.current.targets[name] = std::move(read.first);
    configured.bodies(ResourceKind::target)[name] = std::move(read.second);
  }
  return {};
}

Status load_jobs(const Store& store, Configured& configured) {
  SYNCLINE_ASSIGN(const std::vector<StoredJob> stored, store.jobs());
  for (const StoredJob& job : stored) {
    SYNCLINE_ASSIGN(auto read, read_stored<JobSpec>(job.name, job.body, parse_job));
    configured.current.jobs[job.name] = {std::move(read.first), job.paused, job.resync_generation,
                                         job.take_over_generation};
    configured.bodies(ResourceKind::job)[job.name] = std::move(read.second);
  }
  return {};
}

}  // namespace

Status load_configured(const Store& store, Configured& configured) {
  SYNCLINE_RETURN_IF_ERROR(load_sources(store, configured));
  SYNCLINE_RETURN_IF_ERROR(load_targets(store, configured));
  return load_jobs(store, configured);
}

}  // namespace syncline::control

// Configured: all that is configured now, as the engine needs it and as the user gave it.
//
// Owner: JobService; shared by its commands. Not thread-safe by itself: whoever reads or changes it
// holds `mutex`, and a command that changes it does so from its checks until the engine has it.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "control/json.h"
#include "control/outcome.h"
#include "control/resource_kind.h"
#include "model/spec.h"

namespace syncline::control {

struct Configured {
  using Bodies = std::map<std::string, Json>;

  mutable std::mutex mutex;
  Configuration current;
  std::array<Bodies, kResourceKinds> all_bodies;  // as given, with their secrets

  Bodies& bodies(ResourceKind kind) { return all_bodies.at(static_cast<size_t>(kind)); }
  const Bodies& bodies(ResourceKind kind) const { return all_bodies.at(static_cast<size_t>(kind)); }
  bool exists(ResourceKind kind, const std::string& name) const {
    return bodies(kind).contains(name);
  }
  // Except here: takes the mutex.
  std::optional<Refusal> refuse_unknown_job(const std::string& job) const {
    const std::lock_guard lock(mutex);
    if (exists(ResourceKind::job, job)) return std::nullopt;
    return not_found(ResourceKind::job, job);
  }
};

}  // namespace syncline::control

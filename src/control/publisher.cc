#include "control/publisher.h"

#include <memory>
#include <utility>

#include "base/log.h"
#include "control/left_sources.h"

namespace syncline::control {

void Publisher::publish(Configuration& current) {
  for (const auto& [name, source] : current.sources) hide_in_log(source.password, source.user);
  for (const auto& [name, target] : current.targets) {
    hide_in_log(target.password, target.username);
    hide_in_log(target.api_key);
  }
  auto to_clean = find_sources_to_clean(store_, current);
  if (to_clean.ok()) {
    current.sources_to_clean = std::move(to_clean).value();
  } else {
    // Cleaning can wait for the next change; the change at hand is stored and cannot.
    spdlog::error("what is to be cleaned could not be read: {}", to_clean.error().message);
    current.sources_to_clean.clear();
  }
  jobs_.apply(std::make_shared<const Configuration>(current));
}

}  // namespace syncline::control

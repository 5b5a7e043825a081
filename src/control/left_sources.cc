#include "control/left_sources.h"

#include <algorithm>
#include <utility>

#include "control/spec_parser.h"
#include "control/stored_spec.h"

namespace syncline::control {

namespace {

// The same schema of the same database, as far as the configuration tells.
bool same_place(const SourceSpec& a, const SourceSpec& b) {
  return a.host == b.host && a.port == b.port && a.database == b.database &&
         a.capture_schema == b.capture_schema;
}

bool is_needed(const Configuration& configuration, const SourceSpec& spec) {
  return std::any_of(configuration.jobs.begin(), configuration.jobs.end(), [&](const auto& job) {
    const auto source = configuration.sources.find(job.second.spec.source);
    return source != configuration.sources.end() && same_place(source->second, spec);
  });
}

}  // namespace

std::optional<std::string> heir_of(const Configuration& configuration, const std::string& source) {
  const SourceSpec& spec = configuration.sources.at(source);
  for (const auto& [name, other] : configuration.sources) {
    if (name != source && same_place(other, spec)) return name;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> retired_at_place_of(const Store& store, const SourceSpec& source) {
  SYNCLINE_ASSIGN(const std::vector<StoredSource> retired, store.retired_sources());
  std::vector<std::string> names;
  for (const auto& [name, text, installed] : retired) {
    SYNCLINE_ASSIGN(const auto read, read_stored<SourceSpec>(name, text, parse_source));
    if (same_place(read.first, source)) names.push_back(name);
  }
  return names;
}

Result<std::map<std::string, SourceSpec>> find_sources_to_clean(
    const Store& store, const Configuration& configuration) {
  std::map<std::string, SourceSpec> to_clean;
  SYNCLINE_ASSIGN(const std::vector<StoredSource> stored, store.sources());
  for (const StoredSource& source : stored) {
    const auto found = configuration.sources.find(source.name);
    if (source.installed && found != configuration.sources.end() &&
        !is_needed(configuration, found->second)) {
      to_clean[source.name] = found->second;
    }
  }
  SYNCLINE_ASSIGN(const std::vector<StoredSource> retired, store.retired_sources());
  for (const StoredSource& source : retired) {
    SYNCLINE_ASSIGN(auto read, read_stored<SourceSpec>(source.name, source.body, parse_source));
    if (is_needed(configuration, read.first)) continue;
    read.first.name = source.name;
    to_clean[source.name] = std::move(read.first);
  }
  return to_clean;
}

}  // namespace syncline::control

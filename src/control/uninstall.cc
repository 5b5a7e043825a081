#include "control/uninstall.h"

#include <chrono>
#include <thread>

#include "capture/capture.h"
#include "control/spec_parser.h"
#include "postgres/session.h"

namespace syncline::control {

namespace {

constexpr auto kLockedPatience = std::chrono::minutes(1);
constexpr auto kLockedPause = std::chrono::seconds(1);

Result<SourceSpec> read_source(const StoredSource& stored) {
  SYNCLINE_ASSIGN(const Json body, parse_json(stored.body));
  Faults faults;
  SourceSpec spec = parse_source(body, faults);
  if (!faults.empty()) return Error::needs_person("the stored source cannot be read");
  return spec;
}

// The source itself, and those that were retired under its name ("shop#7").
Result<std::vector<StoredSource>> find_sources(const Store& store, const std::string& name) {
  std::vector<StoredSource> found;
  std::string known;
  SYNCLINE_ASSIGN(const std::vector<StoredSource> sources, store.sources());
  for (const StoredSource& source : sources) {
    known += (known.empty() ? "" : ", ") + source.name;
    if (source.name == name) found.push_back(source);
  }
  SYNCLINE_ASSIGN(const std::vector<StoredSource> retired, store.retired_sources());
  for (const StoredSource& source : retired) {
    if (source.name.substr(0, source.name.find('#')) == name) found.push_back(source);
  }
  if (!found.empty()) return found;
  return Error::needs_person("there is no source \"" + name + "\" in the data directory" +
                             (known.empty() ? "" : "; there are " + known));
}

Status clean(const SourceSpec& spec, const std::string& instance_id, const StopSignal& stop) {
  capture::Capture capture(spec, instance_id);
  const auto patience_ends = std::chrono::steady_clock::now() + kLockedPatience;
  for (;;) {
    SYNCLINE_ASSIGN(const auto session, postgres::Session::open(spec, stop));
    Status done = capture.uninstall(*session, stop);
    const bool locked = !done.ok() && done.error().passes();
    if (!locked || std::chrono::steady_clock::now() > patience_ends) return done;
    std::this_thread::sleep_for(kLockedPause);
  }
}

Result<std::vector<std::string>> jobs_of(const Store& store, const std::string& source) {
  std::vector<std::string> names;
  SYNCLINE_ASSIGN(const std::vector<StoredJob> jobs, store.jobs());
  for (const StoredJob& job : jobs) {
    SYNCLINE_ASSIGN(const Json body, parse_json(job.body));
    Faults faults;
    if (parse_job(body, faults).source == source) names.push_back(job.name);
  }
  return names;
}

}  // namespace

Result<Uninstalled> uninstall_source(Store& store, const std::string& name,
                                     const StopSignal& stop) {
  SYNCLINE_ASSIGN(const std::vector<StoredSource> sources, find_sources(store, name));
  Uninstalled uninstalled;
  for (const StoredSource& source : sources) {
    SYNCLINE_ASSIGN(const SourceSpec spec, read_source(source));
    const std::string place = spec.host + ":" + std::to_string(spec.port) + "/" + spec.database;
    Status cleaned = clean(spec, store.instance_id(), stop);
    if (!cleaned.ok()) return std::move(cleaned).error().prefixed(place);
    SYNCLINE_RETURN_IF_ERROR(store.clear_installed(source.name));
    uninstalled.databases.push_back(place);
  }
  SYNCLINE_ASSIGN(uninstalled.jobs, jobs_of(store, name));
  return uninstalled;
}

}  // namespace syncline::control

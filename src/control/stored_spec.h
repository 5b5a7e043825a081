// read_stored(): what the store kept of a source, a target or a job, read again. A pure function.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "control/fault.h"
#include "control/json.h"
#include "control/outcome.h"

namespace syncline::control {

// A stored body was checked before it was stored; if it cannot be read now, a newer version wrote
// it or a hand did. Error: needs_person.
template <typename Spec>
Result<std::pair<Spec, Json>> read_stored(const std::string& name, const std::string& text,
                                          Spec (*parse)(const Json&, Faults&)) {
  auto body = parse_json(text);
  if (!body.ok()) return Error::needs_person("stored \"" + name + "\": " + body.error().message);
  Faults faults;
  Spec spec = parse(*body, faults);
  if (!faults.empty()) {
    return Error::needs_person("stored \"" + name + "\": " + invalid(faults).message);
  }
  return std::pair<Spec, Json>(std::move(spec), std::move(body).value());
}

}  // namespace syncline::control

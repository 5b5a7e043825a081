// From JSON to SourceSpec, TargetSpec and JobSpec, with every fault noted. Pure functions.
//
// Each reads one resource by itself; what depends on other resources is in job_rules.h, and what
// the stars of a secret stand for in secrets.h. A spec is of use only if no fault was added.
#pragma once

#include "control/fault.h"
#include "control/json.h"
#include "model/spec.h"

namespace syncline::control {

SourceSpec parse_source(const Json& body, Faults& faults);
TargetSpec parse_target(const Json& body, Faults& faults);
JobSpec parse_job(const Json& body, Faults& faults);

}  // namespace syncline::control

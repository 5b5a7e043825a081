// What a job must keep to with regard to the other resources (contract sections 2 and 3). Pure
// functions.
#pragma once

#include "control/fault.h"
#include "model/spec.h"

namespace syncline {

// Notes where the job names an unknown source or target, and where it contradicts another job on
// the same index: id lists of another length, another type or other params of one field, another
// value of one index setting. A job of the same name in the configuration is the one that it
// replaces.
void check_job(const JobSpec& job, const Configuration& configuration, Faults& faults);

}  // namespace syncline

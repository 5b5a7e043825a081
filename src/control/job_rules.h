// What a job must keep to with regard to the other resources. Pure functions.
#pragma once

#include <cstddef>

#include "control/fault.h"
#include "model/spec.h"

namespace syncline::control {

// A composed document knows by the bits of one word which index jobs have a row for it.
inline constexpr size_t kIndexJobsMax = 64;
// On one index, of all types. Each is asked for every page of documents.
inline constexpr size_t kJobsOnIndexMax = 256;

// Notes where the job names an unknown source, target or field type, and where it does not go
// together with the other jobs on the same index:
// - more jobs than an index can have;
// - id lists of another length, another type or other params of one field, another value of one
//   index setting;
// - a field that another job writes too (but two index jobs may give the same one), or that lies
//   inside of another job's field or around it;
// - the compare target of a property job on an owned index is in no field that another job gives;
// - property jobs whose compare targets lead in a circle, on an index of either kind.
// A job of the same name in the configuration is the one that it replaces.
//
// A job is never refused for the compare target of *another* job, nor is a deletion: which job
// comes first must not matter, and a target that nobody provides (any more) only matches nothing
// until somebody does. A target that leads into a field (a path into json, an array) is accepted
// too: only the table's columns tell what is in there, so it is the engine that fails such a job.
void check_job(const JobSpec& job, const Configuration& configuration, Faults& faults);

}  // namespace syncline::control

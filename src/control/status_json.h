// JobStatus as the JSON of GET /jobs/:name/status. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "control/json.h"
#include "model/job_status.h"

namespace syncline::control {

std::string_view state_word(JobState state);
// Microseconds since the epoch as ISO 8601 in UTC: 2026-01-31T10:20:30.123456Z.
std::string utc_text(int64_t time_us);
Json status_json(const JobStatus& status);

}  // namespace syncline::control

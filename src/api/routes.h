// The table of all REST paths: which of JobService's commands stands behind each.
#pragma once

#include "api/router.h"
#include "control/job_service.h"

namespace syncline::api {

// The service must outlive the router.
Router make_routes(control::JobService& service);

// Paths that need no token.
bool is_open_path(std::string_view path);

}  // namespace syncline::api

// load_configured(): what is stored, read when the process starts. Called by JobService, once.
#pragma once

#include "base/result.h"
#include "control/configured.h"
#include "control/store.h"

namespace syncline::control {

// Fills `configured`, which is empty and whose mutex is held. Error: needs_person (what is stored
// cannot be read).
Status load_configured(const Store& store, Configured& configured);

}  // namespace syncline::control

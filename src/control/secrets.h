// Secrets in answers and requests: shown as stars, and stars sent back stand for the stored one.
// Pure functions.
#pragma once

#include <string_view>

#include "control/fault.h"
#include "control/json.h"
#include "model/spec.h"

namespace syncline::control {

inline constexpr std::string_view kStars = "********";

// The resource as an answer shows it.
Json mask_source(Json body);
Json mask_target(Json body);

// What is stored of the resource that a PUT replaces.
template <typename Spec>
struct Stored {
  const Spec& spec;
  const Json& body;
};

// Puts the stored secrets where the body has stars. Stars are a fault where nothing is stored
// (`stored` is null on a create), and where the place changes to which the secret would then be
// sent.
void restore_secrets(SourceSpec& source, Json& body, const Stored<SourceSpec>* stored,
                     Faults& faults);
void restore_secrets(TargetSpec& target, Json& body, const Stored<TargetSpec>* stored,
                     Faults& faults);

}  // namespace syncline::control

// Publisher: hands what is configured to the engine, with what is to be cleaned.
//
// Owner: JobService; shared by its commands, which hold Configured::mutex. In the flow: a command,
// after the store has its change → Publisher → Jobs.
#pragma once

#include "control/store.h"
#include "model/jobs.h"
#include "model/spec.h"

namespace syncline::control {

class Publisher {
 public:
  // Both outlive the publisher.
  Publisher(Store& store, Jobs& jobs) : store_(store), jobs_(jobs) {}

  // Sets Configuration::sources_to_clean first.
  void publish(Configuration& current);

 private:
  Store& store_;
  Jobs& jobs_;
};

}  // namespace syncline::control

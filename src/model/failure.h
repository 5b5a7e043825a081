// Failure: a parked document as REST shows it. Plain data, made by engine, printed by control.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

struct Failure {
  std::string id;
  int status = 0;
  std::string type;
  std::string reason;  // as the cluster gave it
  int64_t attempts = 0;
  int64_t first_at_us = 0, last_at_us = 0, next_at_us = 0;  // wall clock
};

struct FailureQuery {
  size_t limit = 100;
  std::optional<std::string> after;  // an id, parked or not
};

struct FailurePage {
  std::vector<Failure> items;       // by rising id, byte for byte
  std::optional<std::string> next;  // the last of these ids, if more follow
};

struct RetriedFailures {
  int64_t count = 0;
  std::vector<std::string> unknown;  // of the ids asked for, those not parked: then none is retried
};

}  // namespace syncline

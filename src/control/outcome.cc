#include "control/outcome.h"

namespace syncline::control {

Refusal invalid(const Faults& faults) {
  const Fault& first = faults.list().front();
  std::string message =
      first.path.empty() ? "the body " + first.message : first.path + " " + first.message;
  const size_t more = faults.list().size() - 1;
  if (more > 0) {
    message += " (and " + std::to_string(more) + (more == 1 ? " fault more)" : " faults more)");
  }
  return {RefusalCode::invalid, std::move(message), faults.list()};
}

Refusal refusal(RefusalCode code, std::string message, std::vector<Fault> details) {
  return {code, std::move(message), std::move(details)};
}

}  // namespace syncline::control

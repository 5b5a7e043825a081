// Outcome: what one of JobService's commands gives: a body for the answer, or a refusal with its
// code. Plain data.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "control/fault.h"
#include "control/json.h"

namespace syncline::control {

enum class RefusalCode { invalid, not_found, exists, in_use, internal };

struct Refusal {
  RefusalCode code = RefusalCode::internal;
  std::string message;  // one sentence
  std::vector<Fault> details;
};

class [[nodiscard]] Outcome {
 public:
  Outcome(Json body) : state_(std::move(body)) {}           // NOLINT(google-explicit-constructor)
  Outcome(Refusal refusal) : state_(std::move(refusal)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<Json>(state_); }
  // Precondition of body(): ok(). Precondition of refusal(): !ok().
  const Json& body() const& { return std::get<Json>(state_); }
  Json body() && { return std::get<Json>(std::move(state_)); }
  const Refusal& refusal() const { return std::get<Refusal>(state_); }

 private:
  std::variant<Json, Refusal> state_;
};

// A refusal for faults in what was sent; the sentence tells the first of them. Precondition: not
// empty.
Refusal invalid(const Faults& faults);
Refusal refusal(RefusalCode code, std::string message, std::vector<Fault> details = {});

}  // namespace syncline::control

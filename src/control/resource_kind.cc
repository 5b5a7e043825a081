#include "control/resource_kind.h"

#include <array>

#include "base/log.h"
#include "control/secrets.h"

namespace syncline::control {

namespace {

struct Look {
  const char* word;
  Json (*mask)(Json body);  // null: there are no secrets
};

const Look& look(ResourceKind kind) {
  static const std::array<Look, kResourceKinds> kLooks{
      {{"source", mask_source}, {"target", mask_target}, {"job", nullptr}}};
  return kLooks.at(static_cast<size_t>(kind));
}

}  // namespace

const char* word(ResourceKind kind) {
  return look(kind).word;
}

std::string titled(ResourceKind kind, const std::string& name) {
  return std::string(word(kind)) + " \"" + name + "\"";
}

Json masked(ResourceKind kind, const Json& body) {
  const auto mask = look(kind).mask;
  return mask != nullptr ? mask(body) : body;
}

Refusal not_found(ResourceKind kind, const std::string& name) {
  return refusal(RefusalCode::not_found, "there is no " + titled(kind, name));
}

Refusal exists_already(ResourceKind kind, const std::string& name) {
  return refusal(RefusalCode::exists, "there is a " + titled(kind, name) + " already");
}

Refusal not_stored(const Error& error) {
  spdlog::error("the state could not be stored: {}", error.message);
  return refusal(RefusalCode::internal, "the change could not be stored, the log says why");
}

}  // namespace syncline::control

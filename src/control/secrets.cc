#include "control/secrets.h"

#include <initializer_list>
#include <string>
#include <utility>

namespace syncline::control {

namespace {

Json mask(Json body, const char* section, std::initializer_list<const char*> names) {
  if (!body.contains(section)) return body;
  for (const char* name : names) {
    if (body[section].contains(name)) body[section][name] = kStars;
  }
  return body;
}

struct Secret {
  const char* section;
  const char* name;
  std::string& given;
};

// `place` is set when the secret would be sent to another place than before, and names what
// changed.
void restore(const Secret& secret, Json& body, const Json* stored, const char* place,
             Faults& faults) {
  if (secret.given != kStars) return;
  const std::string path = std::string(secret.section) + "." + secret.name;
  if (stored == nullptr || !stored->at(secret.section).contains(secret.name)) {
    faults.add(path, "the stars stand for a stored secret, and none is stored");
  } else if (place != nullptr) {
    faults.add(path, std::string("must be given again when ") + place + " changes");
  } else {
    secret.given = stored->at(secret.section).at(secret.name).get<std::string>();
    body[secret.section][secret.name] = secret.given;
  }
}

}  // namespace

Json mask_source(Json body) {
  return mask(std::move(body), "config", {"password"});
}

Json mask_target(Json body) {
  return mask(std::move(body), "api", {"password", "api_key"});
}

void restore_secrets(SourceSpec& source, Json& body, const Stored<SourceSpec>* stored,
                     Faults& faults) {
  const bool moved =
      stored != nullptr && (stored->spec.host != source.host || stored->spec.port != source.port);
  restore({"config", "password", source.password}, body, stored ? &stored->body : nullptr,
          moved ? "the host or port" : nullptr, faults);
}

void restore_secrets(TargetSpec& target, Json& body, const Stored<TargetSpec>* stored,
                     Faults& faults) {
  const bool moved =
      stored != nullptr && (stored->spec.url != target.url || stored->spec.port != target.port);
  const Json* const stored_body = stored ? &stored->body : nullptr;
  const char* const place = moved ? "the url or port" : nullptr;
  restore({"api", "password", target.password}, body, stored_body, place, faults);
  restore({"api", "api_key", target.api_key}, body, stored_body, place, faults);
}

}  // namespace syncline::control

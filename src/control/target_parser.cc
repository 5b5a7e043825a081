#include <utility>

#include "control/names.h"
#include "control/object_reader.h"
#include "control/spec_parser.h"

namespace syncline::control {

namespace {

constexpr int64_t kPortMax = 65535;

// A text of a header: what breaks a line there would be somebody else's header.
std::string read_header_text(ObjectReader& api, std::string_view name) {
  const auto given = api.filled_text(name, Need::optional);
  if (!given) return {};
  if (const auto message = plain_text_fault(*given)) api.fault(name, *message);
  return *given;
}

void read_url(ObjectReader& api, TargetSpec& target) {
  if (const auto url = api.text("url", Need::required)) {
    std::string fault;
    if (auto parsed = parse_target_url(*url, fault)) {
      target.url = std::move(*parsed);
    } else {
      api.fault("url", std::move(fault));
    }
  }
  target.port = static_cast<int>(api.integer("port", Need::optional, 1, kPortMax).value_or(9200));
}

void read_aws(const Json& given, TargetSpec& target, Faults& faults) {
  ObjectReader reader(given, "api.aws", faults);
  AwsSpec aws;
  for (const auto& [name, value] :
       {std::pair{"region", &aws.region}, std::pair{"service", &aws.service}}) {
    const Need need = value == &aws.region ? Need::required : Need::optional;
    const auto text = reader.filled_text(name, need);
    if (!text) continue;
    *value = *text;
    if (resource_name_fault(*text)) reader.fault(name, "must be letters, digits, _ and -");
  }
  reader.finish();
  target.aws = std::move(aws);
}

void read_login(ObjectReader& api, TargetSpec& target, Faults& faults) {
  target.username = read_header_text(api, "username");
  target.password = read_header_text(api, "password");
  target.api_key = read_header_text(api, "api_key");
  if (const Json* aws = api.object("aws", Need::optional)) read_aws(*aws, target, faults);
  if (target.username.find(':') != std::string::npos) {
    api.fault("username", "must not hold a colon: HTTP cannot carry that");
  }
  if (api.has("username") && !api.has("password"))
    api.fault("password", "is missing: username needs it");
  if (api.has("password") && !api.has("username"))
    api.fault("username", "is missing: password needs it");
  const bool by_password = api.has("username") || api.has("password");
  if (by_password && api.has("api_key")) api.fault("api_key", "excludes username and password");
  if (by_password && api.has("aws")) api.fault("aws", "excludes username and password");
  if (api.has("api_key") && api.has("aws")) api.fault("aws", "excludes api_key");
}

}  // namespace

TargetSpec parse_target(const Json& body, Faults& faults) {
  TargetSpec target;
  ObjectReader reader(body, "", faults);
  if (const auto name = reader.text("name", Need::required)) {
    target.name = *name;
    if (const auto message = resource_name_fault(*name)) reader.fault("name", *message);
  }
  if (const Json* given = reader.object("api", Need::required)) {
    ObjectReader api(*given, "api", faults);
    read_url(api, target);
    read_login(api, target, faults);
    target.ca_file = api.filled_text("ca_file", Need::optional).value_or("");
    target.verify = api.boolean("verify", Need::optional).value_or(true);
    api.finish();
  }
  reader.finish();
  return target;
}

}  // namespace syncline::control

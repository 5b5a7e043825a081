#include <algorithm>
#include <array>

#include "control/names.h"
#include "control/object_reader.h"
#include "control/spec_parser.h"

namespace syncline::control {

namespace {

constexpr int64_t kPortMax = 65535;
constexpr int64_t kCaptureLogBytesMin = int64_t{1} << 20;
constexpr int64_t kConnectionsMin = 3, kConnectionsMax = 100;
constexpr std::array<std::string_view, 6> kSslModes = {"disable", "allow",     "prefer",
                                                       "require", "verify-ca", "verify-full"};

void read_connection(ObjectReader& config, SourceSpec& source) {
  source.host = config.filled_text("host", Need::required).value_or("");
  source.port =
      static_cast<int>(config.integer("port", Need::optional, 1, kPortMax).value_or(5432));
  source.database = config.filled_text("database", Need::required).value_or("");
  source.user = config.filled_text("user", Need::required).value_or("");
  source.password = config.text("password", Need::optional).value_or("");
}

void read_tls(ObjectReader& config, SourceSpec& source) {
  source.sslmode = config.text("sslmode", Need::optional).value_or("");
  if (config.has("sslmode") && !source.sslmode.empty() &&
      std::find(kSslModes.begin(), kSslModes.end(), source.sslmode) == kSslModes.end()) {
    config.fault("sslmode",
                 "must be one of disable, allow, prefer, require, verify-ca and verify-full");
  }
  source.sslrootcert = config.filled_text("sslrootcert", Need::optional).value_or("");
  source.sslcert = config.filled_text("sslcert", Need::optional).value_or("");
  source.sslkey = config.filled_text("sslkey", Need::optional).value_or("");
}

void read_capture(ObjectReader& config, SourceSpec& source) {
  if (const auto schema = config.text("capture_schema", Need::optional)) {
    source.capture_schema = *schema;
    if (const auto message = capture_schema_fault(*schema))
      config.fault("capture_schema", *message);
  }
  source.capture_log_bytes_max =
      config.integer("capture_log_bytes_max", Need::optional, kCaptureLogBytesMin, INT64_MAX)
          .value_or(source.capture_log_bytes_max);
  source.publish_all_tables_ok =
      config.boolean("publish_all_tables_ok", Need::optional).value_or(false);
  source.max_connections = static_cast<int>(
      config.integer("max_connections", Need::optional, kConnectionsMin, kConnectionsMax)
          .value_or(source.max_connections));
}

}  // namespace

SourceSpec parse_source(const Json& body, Faults& faults) {
  SourceSpec source;
  ObjectReader reader(body, "", faults);
  if (const auto name = reader.text("name", Need::required)) {
    source.name = *name;
    if (const auto message = resource_name_fault(*name)) reader.fault("name", *message);
  }
  if (const Json* given = reader.object("config", Need::required)) {
    ObjectReader config(*given, "config", faults);
    read_connection(config, source);
    read_tls(config, source);
    read_capture(config, source);
    config.finish();
  }
  reader.finish();
  return source;
}

}  // namespace syncline::control

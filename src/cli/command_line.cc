#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <set>

namespace syncline {

namespace {

constexpr int kPortMax = 65535;

// The value of an environment variable; one that is empty counts as not set.
std::string environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

void describe_serve(CLI::App& serve, ServeOptions& options) {
  serve.add_option("--data-dir", options.data_dir, "Folder that holds the state, for one process")
      ->envname("SYNCLINE_DATA_DIR")
      ->capture_default_str();
  serve.add_option("--port", options.port, "Port of the REST API; 0: any free one")
      ->envname("PORT")
      ->check(CLI::Range(0, kPortMax))
      ->capture_default_str();
  serve
      .add_option("--listen", options.listen,
                  "Address to listen on; not a loopback one only with SYNCLINE_API_TOKEN set")
      ->capture_default_str();
}

}  // namespace

std::variant<ServeOptions, int> read_command_line(int argc, const char* const* argv,
                                                  std::ostream& out, std::ostream& err) {
  ServeOptions options;
  options.token = environment("SYNCLINE_API_TOKEN", "");
  options.log_level = environment("SYNCLINE_LOG", options.log_level);

  CLI::App app("Keeps Elasticsearch and OpenSearch indices in step with PostgreSQL tables.",
               "syncline");
  app.set_version_flag("--version", std::string("syncline ") + kVersion);
  app.require_subcommand(1);
  CLI::App* const serve = app.add_subcommand("serve", "Run the service");
  describe_serve(*serve, options);
  app.footer(
      "Environment: PORT, SYNCLINE_DATA_DIR, SYNCLINE_API_TOKEN, SYNCLINE_LOG (debug, info, "
      "warn).\n"
      "Exit codes: 0 done, 1 the check failed, 2 usage, 3 could not start.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, out, err) == 0 ? kExitDone : kExitUsage;
  }
  const std::set<std::string> levels = {"debug", "info", "warn"};
  if (!levels.contains(options.log_level)) {
    err << "SYNCLINE_LOG must be one of debug, info and warn\n";
    return kExitUsage;
  }
  return options;
}

}  // namespace syncline

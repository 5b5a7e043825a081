#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <set>

namespace syncline::cli {

namespace {

constexpr int kPortMax = 65535;
constexpr int kRetrySecondsMax = 3600;

// The value of an environment variable; one that is empty counts as not set.
std::string environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

// The queue that carries retries: all of its variables, or none. Some only are not worth refusing
// to start, since AWS's own serve other programs as well.
std::optional<retry::SqsOptions> sqs_environment(std::ostream& err) {
  retry::SqsOptions sqs;
  sqs.queue_url = environment("AWS_SQS_URL", "");
  if (sqs.queue_url.empty()) return std::nullopt;
  sqs.region = environment("AWS_REGION", "");
  sqs.credentials = {environment("AWS_ACCESS_KEY_ID", ""), environment("AWS_SECRET_ACCESS_KEY", ""),
                     environment("AWS_SESSION_TOKEN", "")};
  if (!sqs.region.empty() && !sqs.credentials.access_key_id.empty() &&
      !sqs.credentials.secret_access_key.empty()) {
    return sqs;
  }
  err << "AWS_SQS_URL is of no use without AWS_REGION, AWS_ACCESS_KEY_ID and "
         "AWS_SECRET_ACCESS_KEY: parked documents are tried again without a queue\n";
  return std::nullopt;
}

// Seconds from the environment; nothing if it is no proper number.
std::optional<int> retry_seconds(int otherwise) {
  const std::string text = environment("SYNCLINE_RETRY_SECONDS", std::to_string(otherwise));
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > kRetrySecondsMax) return std::nullopt;
  return value;
}

void describe_data_dir(CLI::App& command, std::string& data_dir) {
  command.add_option("--data-dir", data_dir, "Folder that holds the state, for one process")
      ->envname("SYNCLINE_DATA_DIR")
      ->capture_default_str();
}

void describe_uninstall(CLI::App& uninstall, UninstallOptions& options) {
  describe_data_dir(uninstall, options.data_dir);
  uninstall.add_option("SOURCE", options.source, "Name of the source")->required();
}

void describe_serve(CLI::App& serve, ServeOptions& options) {
  describe_data_dir(serve, options.data_dir);
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

std::variant<Command, int> read_command_line(int argc, const char* const* argv, std::ostream& out,
                                             std::ostream& err) {
  ServeOptions options;
  options.token = environment("SYNCLINE_API_TOKEN", "");
  options.log_level = environment("SYNCLINE_LOG", options.log_level);

  CLI::App app("Keeps Elasticsearch and OpenSearch indices in step with PostgreSQL tables.",
               "syncline");
  app.set_version_flag("--version", std::string("syncline ") + kVersion);
  app.require_subcommand(1);
  CLI::App* const serve = app.add_subcommand("serve", "Run the service");
  describe_serve(*serve, options);
  UninstallOptions uninstall_options;
  CLI::App* const uninstall = app.add_subcommand(
      "uninstall", "Remove everything that Syncline made in the database of a source");
  describe_uninstall(*uninstall, uninstall_options);
  app.footer(
      "Environment: PORT, SYNCLINE_DATA_DIR, SYNCLINE_API_TOKEN, SYNCLINE_LOG (debug, info, "
      "warn), SYNCLINE_RETRY_SECONDS;\n"
      "AWS_SQS_URL with AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and "
      "AWS_SESSION_TOKEN): the queue that carries the retries of parked documents.\n"
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
  const auto seconds = retry_seconds(options.retry_seconds);
  if (!seconds) {
    err << "SYNCLINE_RETRY_SECONDS must be a whole number from 1 to " << kRetrySecondsMax << "\n";
    return kExitUsage;
  }
  options.retry_seconds = *seconds;
  options.sqs = sqs_environment(err);
  if (uninstall->parsed()) return Command(uninstall_options);
  return Command(options);
}

}  // namespace syncline::cli

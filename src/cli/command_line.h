// The command line: arguments and environment made into options.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "retry/sqs_options.h"

namespace syncline::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotStarted = 3;

inline constexpr const char* kVersion = "0.1.0";

struct ServeOptions {
  std::string data_dir = "./data";
  std::string listen = "127.0.0.1";
  int port = 5461;
  std::string token;               // SYNCLINE_API_TOKEN
  std::string log_level = "info";  // SYNCLINE_LOG
  int retry_seconds = 60;          // SYNCLINE_RETRY_SECONDS: the first wait of a parked document
  std::optional<retry::SqsOptions>
      sqs;  // AWS_SQS_URL and the other variables of AWS, if all are set
};

// uninstall: without a server, from what the data directory says of the source.
struct UninstallOptions {
  std::string data_dir = "./data";
  std::string source;
};

using Command = std::variant<ServeOptions, UninstallOptions>;

// What to run, or the exit code of a call that has had its answer (help, version, a fault in
// usage), which is written to `out` or `err`. Reads the environment; called once, before any thread
// starts.
std::variant<Command, int> read_command_line(int argc, const char* const* argv, std::ostream& out,
                                             std::ostream& err);

}  // namespace syncline::cli

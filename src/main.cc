// Makes the parts that live as long as the process, wires them, and takes them down again. Parts
// that come and go with the configuration are made by the Supervisor.
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "api/api_server.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cli/command_line.h"
#include "cli/signals.h"
#include "cli/stop_deadline.h"
#include "control/data_directory.h"
#include "control/installed_sources.h"
#include "control/job_service.h"
#include "control/store.h"
#include "control/uninstall.h"
#include "engine/supervisor.h"
#include "retry/local_schedule.h"
#include "retry/parked_desk.h"
#include "retry/parked_store.h"
#include "retry/sqs_queue.h"
#include "retry/sqs_schedule.h"
#include "verify/verify_desk.h"
#include "verify/verify_store.h"

namespace syncline {
namespace {

constexpr std::chrono::milliseconds kStopTimeMax{9500};

Result<std::unique_ptr<retry::RetrySchedule>> make_schedule(const cli::ServeOptions& options,
                                                            retry::ParkedStore& parked,
                                                            const Clock& clock,
                                                            const std::string& instance) {
  if (!options.sqs)
    return std::unique_ptr<retry::RetrySchedule>(new retry::LocalSchedule(parked, clock));
  SYNCLINE_ASSIGN(std::unique_ptr<retry::MessageQueue> queue,
                  retry::SqsQueue::open(*options.sqs, clock));
  SYNCLINE_ASSIGN(std::unique_ptr<retry::RetrySchedule> schedule,
                  retry::SqsSchedule::start(parked, std::move(queue), clock, instance));
  return schedule;
}

Status serve(const cli::ServeOptions& options, const cli::StopSignals& signals) {
  hide_in_log(options.token);
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
    if (const char* secret = std::getenv(name)) hide_in_log(secret);
  }
  SYNCLINE_ASSIGN(const control::DataDirectory data,
                  control::DataDirectory::open(options.data_dir));
  SYNCLINE_ASSIGN(const std::unique_ptr<control::Store> store,
                  control::Store::open(data.file("state.db")));
  SYNCLINE_ASSIGN(const std::unique_ptr<retry::ParkedStore> parked,
                  retry::ParkedStore::open(data.file("parked.db"),
                                           {std::chrono::seconds(options.retry_seconds)}));
  SYNCLINE_ASSIGN(const std::unique_ptr<verify::VerifyStore> verifications,
                  verify::VerifyStore::open(data.file("verify.db")));

  const SystemClock clock;
  SYNCLINE_ASSIGN(const std::unique_ptr<retry::RetrySchedule> retries,
                  make_schedule(options, *parked, clock, store->instance_id()));
  control::InstalledSources installed(*store);
  Metrics metrics;
  engine::Supervisor engine(*parked, *retries, *verifications, installed, metrics, clock,
                            store->instance_id());
  retry::ParkedDesk parked_desk(*parked, engine, clock);
  verify::VerifyDesk verify_desk(*verifications, engine);
  control::JobService service(*store, engine, parked_desk, verify_desk);
  api::ApiServer server(service, {options.listen, options.port, options.token, {}});
  // The port first: where it is taken, the jobs must not even begin.
  SYNCLINE_RETURN_IF_ERROR(server.bind());
  SYNCLINE_RETURN_IF_ERROR(service.start());
  server.start();

  const char* const signal = signals.wait();
  spdlog::info("{}: stopping", signal);
  const cli::StopDeadline deadline(kStopTimeMax, [] {
    spdlog::warn("stopping took too long: ending at once, what is stored is complete");
    ::_exit(cli::kExitDone);
  });
  server.stop();
  engine.stop();
  spdlog::info("stopped");
  return {};
}

Status uninstall(const cli::UninstallOptions& options) {
  if (!std::filesystem::exists(options.data_dir + "/state.db"))
    return Error::needs_person("there is no state in the data directory " + options.data_dir);
  auto data = control::DataDirectory::open(options.data_dir);
  if (!data.ok()) {
    return std::move(data).error().prefixed(
        "stop the server first, or delete the source's jobs there, which removes it as well");
  }
  SYNCLINE_ASSIGN(const std::unique_ptr<control::Store> store,
                  control::Store::open(data->file("state.db")));
  const StopSignal never;
  SYNCLINE_ASSIGN(const control::Uninstalled done,
                  control::uninstall_source(*store, options.source, never));
  for (const std::string& database : done.databases)
    std::cout << "nothing of Syncline is left in " << database << "\n";
  for (const std::string& job : done.jobs)
    std::cout << "job " << job << " is still configured: a server that starts installs it again\n";
  return {};
}

// Bulk bodies are made on one thread and freed on another: few arenas, and large blocks given back
// to the system at once, so that what is resident is what is in use.
void bound_memory() {
  constexpr int kArenas = 2;
  constexpr int kMappedFromBytes = 1 << 20;
  ::mallopt(M_ARENA_MAX, kArenas);
  ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
}

int run(int argc, const char* const* argv) {
  const auto command = cli::read_command_line(argc, argv, std::cout, std::cerr);
  if (const int* exit_code = std::get_if<int>(&command)) return *exit_code;
  ::umask(S_IRWXG | S_IRWXO);
  if (const auto* options = std::get_if<cli::UninstallOptions>(&std::get<cli::Command>(command))) {
    const Status uninstalled = uninstall(*options);
    if (uninstalled.ok()) return cli::kExitDone;
    std::cerr << uninstalled.error().message << "\n";
    return cli::kExitNotStarted;
  }
  const auto& options = std::get<cli::ServeOptions>(std::get<cli::Command>(command));
  bound_memory();
  const cli::StopSignals signals;
  configure_log(options.log_level);
  const Status served = serve(options, signals);
  if (served.ok()) return cli::kExitDone;
  spdlog::error("could not start: {}", served.error().message);
  return cli::kExitNotStarted;
}

}  // namespace
}  // namespace syncline

int main(int argc, char** argv) {
  return syncline::run(argc, argv);
}

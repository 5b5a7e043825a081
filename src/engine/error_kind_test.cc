#include "engine/error_kind.h"

#include <gtest/gtest.h>

namespace syncline::engine {
namespace {

TEST(ErrorKind, SaysWhatIsTrue) {
  const struct {
    Action action;
    const char* code;
    const char* kind;
  } cases[] = {
      {Action::bug, "", "internal"},
      {Action::bug, "08006", "internal"},
      {Action::retry, "SQLite 13", "data_directory"},
      {Action::pause_job, "SQLite 13", "data_directory"},
      // The database.
      {Action::retry, "08001", "source_unreachable"},  // nobody there
      {Action::retry, "08006", "source_unreachable"},  // the connection broke
      {Action::retry, "57P01", "source_unreachable"},  // it is being shut down
      {Action::retry, "57P03", "source_unreachable"},  // it is starting
      {Action::retry, "28P01", "source_refused"},      // wrong password
      {Action::retry, "28000", "source_refused"},      // pg_hba.conf
      {Action::retry, "3D000", "source_refused"},      // no such database
      {Action::retry, "42501", "source_refused"},      // no CONNECT
      {Action::retry, "53300", "source_busy"},         // too many connections
      {Action::retry, "53100", "source_busy"},         // disk full
      {Action::retry, "55P03", "source_busy"},         // lock timeout
      {Action::retry, "55006", "source_busy"},         // schema in use
      {Action::retry, "57014", "source_busy"},         // statement timeout
      {Action::retry, "40P01", "source_busy"},         // deadlock
      {Action::retry, "58030", "source_busy"},         // I/O error
      {Action::retry, "58P01", "source"},              // a library that cannot be loaded
      {Action::retry, "3F000", "source"},              // our schema is missing
      {Action::retry, "0A000", "source"},              // cached plan
      {Action::pause_job, "", "source"},
      {Action::pause_job, "25006", "source"},  // read-only
      {Action::retry, "42P01", "table"},
      {Action::retry, "42703", "table"},
      {Action::pause_job, "42P01", "table"},
      {Action::pause_job, "42703", "table"},
      {Action::pause_job, "42501", "privilege"},
      // The cluster.
      {Action::retry, "cluster", "target_unreachable"},
      {Action::retry, "503", "target_unreachable"},
      {Action::retry, "429", "target_busy"},
      {Action::pause_job, "401", "target_refused"},
      {Action::pause_job, "403", "privilege"},
      {Action::pause_job, "400", "index"},
      {Action::pause_job, "mapping", "index"},
      {Action::pause_job, "cluster", "index"},
      // The plan itself.
      {Action::retry, "", "starting_over"},
      {Action::retry, "404", "starting_over"},
  };
  for (const auto& one : cases) {
    const Error error{one.action, "why", one.code, {}};
    EXPECT_EQ(error_kind(error), one.kind) << one.code;
  }
}

}  // namespace
}  // namespace syncline::engine

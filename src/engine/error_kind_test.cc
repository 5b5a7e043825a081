#include "engine/error_kind.h"

#include <gtest/gtest.h>

namespace syncline::engine {
namespace {

TEST(ErrorKind, SaysWhatIsTrue) {
  const struct {
    Action action;
    Origin origin;
    const char* code;
    const char* kind;
  } cases[] = {
      {Action::bug, Origin::plan, "", "internal"},
      {Action::bug, Origin::database, "08006", "internal"},
      {Action::retry, Origin::data_directory, "", "data_directory"},
      {Action::needs_person, Origin::data_directory, "", "data_directory"},
      // The database.
      {Action::retry, Origin::database, "08001", "source_unreachable"},  // nobody there
      {Action::retry, Origin::database, "08006", "source_unreachable"},  // the connection broke
      {Action::retry, Origin::database, "57P01", "source_unreachable"},  // it is being shut down
      {Action::retry, Origin::database, "57P03", "source_unreachable"},  // it is starting
      {Action::retry, Origin::database, "28P01", "source_refused"},      // wrong password
      {Action::retry, Origin::database, "28000", "source_refused"},      // pg_hba.conf
      {Action::retry, Origin::database, "3D000", "source_refused"},      // no such database
      {Action::retry, Origin::database, "42501", "source_refused"},      // no CONNECT
      {Action::retry, Origin::database, "53300", "source_busy"},         // too many connections
      {Action::retry, Origin::database, "53100", "source_busy"},         // disk full
      {Action::retry, Origin::database, "55P03", "source_busy"},         // lock timeout
      {Action::retry, Origin::database, "55006", "source_busy"},         // schema in use
      {Action::retry, Origin::database, "57014", "source_busy"},         // statement timeout
      {Action::retry, Origin::database, "40P01", "source_busy"},         // deadlock
      {Action::retry, Origin::database, "58030", "source_busy"},         // I/O error
      {Action::retry, Origin::database, "58P01", "source"},  // a library that cannot be loaded
      {Action::retry, Origin::database, "3F000", "source"},  // our schema is missing
      {Action::retry, Origin::database, "0A000", "source"},  // cached plan
      {Action::needs_person, Origin::config, "", "source"},
      {Action::needs_person, Origin::database, "25006", "source"},  // read-only
      {Action::retry, Origin::database, "42P01", "table"},
      {Action::retry, Origin::database, "42703", "table"},
      {Action::needs_person, Origin::database, "42P01", "table"},
      {Action::needs_person, Origin::database, "42703", "table"},
      {Action::needs_person, Origin::database, "42501", "privilege"},
      // The cluster.
      {Action::retry, Origin::cluster, "", "target_unreachable"},
      {Action::retry, Origin::cluster, "503", "target_unreachable"},
      {Action::retry, Origin::cluster, "429", "target_busy"},
      {Action::needs_person, Origin::cluster, "401", "target_refused"},
      {Action::needs_person, Origin::cluster, "403", "privilege"},
      {Action::needs_person, Origin::cluster, "400", "index"},
      {Action::needs_person, Origin::mapping, "", "index"},
      {Action::needs_person, Origin::cluster, "", "index"},
      {Action::retry, Origin::database, "", "source"},  // libpq's own, without an SQLSTATE
      // The plan itself.
      {Action::retry, Origin::mapping, "", "starting_over"},
      {Action::stop, Origin::plan, "", "starting_over"},
      {Action::retry, Origin::plan, "", "starting_over"},
      {Action::retry, Origin::cluster, "404", "starting_over"},
  };
  for (const auto& one : cases) {
    const Error error{one.action, "why", one.origin, one.code, {}};
    EXPECT_EQ(error_kind(error), one.kind) << one.code;
  }
}

}  // namespace
}  // namespace syncline::engine

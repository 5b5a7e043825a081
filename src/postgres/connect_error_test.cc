#include "postgres/connect_error.h"

#include <gtest/gtest.h>

#include <string>

namespace syncline::postgres {
namespace {

struct Case {
  const char* text;
  const char* code;
  const char* message;
};

constexpr const char* kPlace = "connection to server at \"db\" (10.0.0.1), port 5432 failed: ";

TEST(ConnectError, SaysWhatTheServerMeansWhateverItsLanguage) {
  const Case cases[] = {
      {"FATAL:  28P01: password authentication failed for user \"u\"\nLOCATION:  auth_failed, "
       "a.c\n",
       "28P01",
       "FATAL:  password authentication failed for user \"u\"; the password or the user of the"
       " source is wrong"},
      {"FATAL:  28000: no pg_hba.conf entry for host\n", "28000",
       "FATAL:  no pg_hba.conf entry for host; the server does not let this user in from here"},
      {"КРИТИЧНО:  3D000: база данных \"x\" не существует\n", "3D000",
       "КРИТИЧНО:  база данных \"x\" не существует; the database of the source is not there"},
      {"FATAL:  42501: permission denied for database\nDETAIL:  User does not have CONNECT.\n",
       "42501",
       "FATAL:  permission denied for database; GRANT CONNECT ON DATABASE to the user of the"
       " source"},
      {"FATAL:  53300: sorry, too many clients already\n", "53300",
       "FATAL:  sorry, too many clients already"},
      {"FATAL:  57P03: the database system is starting up\n", "57P03",
       "FATAL:  the database system is starting up"},
      {"Connection refused\n\tIs the server running?\n", "08001",
       "Connection refused \tIs the server running?"},
      {"could not translate host name:  ABCD: no\n", "08001",
       "could not translate host name:  ABCD: no"},
  };
  for (const Case& one : cases) {
    const Error error = connect_error(std::string(kPlace) + one.text);
    EXPECT_EQ(error.action, Action::retry);
    EXPECT_EQ(error.code, one.code) << one.text;
    EXPECT_EQ(error.message, std::string(kPlace) + one.message);
  }
}

TEST(ConnectError, BelievesTheAddressThatAnswered) {
  const std::string place = kPlace;
  const Error error = connect_error(place + "Connection refused\n" + place +
                                    "FATAL:  28P01: password authentication failed\n" + place +
                                    "Connection refused\n");
  EXPECT_EQ(error.code, "28P01");
  EXPECT_EQ(error.message.find("Connection refused"), std::string::npos);
}

}  // namespace
}  // namespace syncline::postgres

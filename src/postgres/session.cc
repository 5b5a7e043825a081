#include "postgres/session.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/utf8_text.h"
#include "postgres/connect_error.h"

namespace syncline::postgres {

namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(10);
// The server ends a statement after 30 s (kSettings); if it does not answer then either, the
// network is gone.
constexpr auto kAnswerTimeout = std::chrono::seconds(40);
constexpr auto kPatientAnswerTimeout = std::chrono::seconds(310);
constexpr size_t kPreparedMax = 200;
constexpr int kServerVersionMin = 130000;

// Every value must print in one form, no statement may take a plan that surprises the user's
// server, none may wait long; whatever the role, the database or the server sets otherwise.
constexpr const char* kSettings =
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601';"
    "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C';"
    "SET search_path = pg_catalog; SET row_security = off; SET standard_conforming_strings = on;"
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
    "SET statement_timeout = '30s'; SET lock_timeout = '5s';"
    "SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = off;"
    "SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET jit = off;"
    // Link columns are looked up by index where there is one; without, the scan comes all the same.
    "SET enable_seqscan = off; SET enable_indexscan = on; SET enable_indexonlyscan = on;"
    "SET enable_bitmapscan = on; SET enable_nestloop = on; SET plan_cache_mode = auto;"
    "SET gin_fuzzy_search_limit = 0; SET array_nulls = on; SET transform_null_equals = off;"
    "SET quote_all_identifiers = off; SET xmloption = content;"
    // Nobody's code runs with our rights: no view or foreign table in a table's place (where the
    // server knows how), and no CHECK of a table's that is evaluated while planning.
    "SET constraint_exclusion = off; SELECT set_config(name, 'view, foreign-table', false)"
    " FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind'";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

Action action_of(std::string_view sqlstate) {
  // Connection trouble, resources, shutdown, serialization, lock and statement timeouts pass by
  // themselves.
  for (std::string_view passing : {"08", "53", "57", "58", "40", "55P03"}) {
    if (starts_with(sqlstate, passing)) return Action::retry;
  }
  // A table or a column went or came since the statement was made, or has another type (for which
  // there is no such function): looking at the catalog again tells what is to be done.
  if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "42883") return Action::retry;
  if (sqlstate == "25006") return Action::needs_person;  // read-only transaction
  if (starts_with(sqlstate, "22")) return Action::park;  // a value does not fit its type
  return Action::needs_person;
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return printable(text);
}

}  // namespace

Session::Session(PGconn* connection, const StopSignal& stop)
    : connection_(connection), stop_(&stop), answer_timeout_(kAnswerTimeout) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(const SourceSpec& spec, const StopSignal& stop) {
  SYNCLINE_ASSIGN(auto session, connect(spec, stop));
  SYNCLINE_RETURN_IF_ERROR(session->set_up());
  SYNCLINE_RETURN_IF_ERROR(session->check_pooler(spec, stop));
  return session;
}

Result<std::unique_ptr<Session>> Session::connect(const SourceSpec& spec, const StopSignal& stop) {
  const std::string port = std::to_string(spec.port);
  std::vector<const char*> keys, values;
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    keys.push_back(key);
    values.push_back(value.c_str());
  };
  const std::string name = "syncline", encoding = "UTF8", on = "1", idle = "10", interval = "5",
                    count = "3", user_timeout = "30000";
  add("host", spec.host);
  add("port", port);
  add("dbname", spec.database);
  add("user", spec.user);
  add("password", spec.password);
  add("sslmode", spec.sslmode);
  add("sslrootcert", spec.sslrootcert);
  add("sslcert", spec.sslcert);
  add("sslkey", spec.sslkey);
  add("application_name", name);
  add("client_encoding", encoding);
  add("keepalives", on);
  add("keepalives_idle", idle);
  add("keepalives_interval", interval);
  add("keepalives_count", count);
  add("tcp_user_timeout", user_timeout);
  keys.push_back(nullptr);
  values.push_back(nullptr);

  std::unique_ptr<Session> session(
      new Session(PQconnectStartParams(keys.data(), values.data(), 0), stop));
  PGconn* connection = session->connection_.get();
  if (connection == nullptr) return Error::retry("out of memory");
  session->secrets_.add(spec.password);
  // A refusal comes as a text alone; in this form its SQLSTATE is in it.
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const TimePoint deadline = std::chrono::steady_clock::now() + kConnectTimeout;
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (PQstatus(connection) != CONNECTION_BAD && step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED) break;
    SYNCLINE_RETURN_IF_ERROR(session->wait_socket(step == PGRES_POLLING_WRITING, deadline));
    step = PQconnectPoll(connection);
  }
  if (PQstatus(connection) != CONNECTION_OK) {
    Error error = connect_error(PQerrorMessage(connection));
    error.message = session->secrets_.mask(error.message);
    return error;
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  PQsetnonblocking(connection, 1);
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  return session;
}

Status Session::set_up() {
  if (server_version() < kServerVersionMin) {
    return Error::needs_person("the server is PostgreSQL " +
                               std::to_string(server_version() / 10000) +
                               "; 13 or newer is needed");
  }
  std::string settings = kSettings;
  if (server_version() >= 140000) settings += "; SET idle_session_timeout = 0";
  if (server_version() >= 170000) settings += "; SET transaction_timeout = 0";
  // Its bytes are in no encoding that the server knows of: it would fail every statement that meets
  // one which is no UTF-8. They are taken as they are, and looked at where they become JSON.
  const char* const encoding = PQparameterStatus(connection_.get(), "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) == "SQL_ASCII")
    settings += "; SET client_encoding = SQL_ASCII";
  SYNCLINE_RETURN_IF_ERROR(script(settings));
  SYNCLINE_ASSIGN(const Rows recovery, query("SELECT pg_is_in_recovery()"));
  if (recovery.boolean(0, 0))
    return Error::needs_person("the source is a read-only standby; name the primary server");
  return {};
}

// A pooler gives its clients process numbers of its own. If it is in transaction mode, a second
// connection with a transaction open takes the server that answered this one a moment ago.
Status Session::check_pooler(const SourceSpec& spec, const StopSignal& stop) {
  const std::string sql = "SELECT pg_backend_pid()";
  SYNCLINE_ASSIGN(const Rows before, query(sql));
  if (before.integer(0, 0) == PQbackendPID(connection_.get())) return {};
  SYNCLINE_ASSIGN(auto second, connect(spec, stop));
  SYNCLINE_RETURN_IF_ERROR(second->script("BEGIN"));
  const auto other = second->query(sql);
  const auto after = query(sql);
  for (const auto* answer : {&other, &after}) {
    // A prepared statement of the one is there for the other, or no longer for its own.
    const bool shared =
        !answer->ok() && (answer->error().code == "42P05" || answer->error().code == "26000");
    if (!answer->ok() && !shared) return answer->error();
  }
  if (other.ok() && after.ok() && after->text(0, 0) == before.text(0, 0) &&
      other->text(0, 0) != before.text(0, 0)) {
    return {};
  }
  return Error::needs_person(
      "the source is a connection pooler in transaction mode; name the database server itself");
}

bool Session::usable() const {
  return !broken_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

void Session::sever() {
  ::shutdown(PQsocket(connection_.get()), SHUT_RDWR);
}

Error Session::broken(std::string reason) {
  broken_ = true;
  return Error::retry(secrets_.mask(one_line(std::move(reason))), Origin::database,
                      kConnectionLost);
}

Status Session::wait_socket(bool for_write, TimePoint deadline) {
  std::array<pollfd, 2> fds{};
  fds[0] = {PQsocket(connection_.get()), static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN),
            0};
  fds[1] = {stop_->fd(), POLLIN, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return broken("the database did not answer in time");
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (fds[1].revents != 0) return broken("stopping");
    if (ready > 0) return {};
  }
}

// The first time a statement is slow the lock watch is told to look who waits for it.
Status Session::wait_answer(TimePoint deadline) {
  if (slow_fd_ >= 0 && !slow_) {
    const auto fast = std::chrono::ceil<std::chrono::milliseconds>(
        busy_since().value_or(deadline) + kSlow - std::chrono::steady_clock::now());
    pollfd fd{PQsocket(connection_.get()), POLLIN, 0};
    if (fast.count() > 0 && ::poll(&fd, 1, static_cast<int>(fast.count())) > 0) return {};
    slow_ = true;
    ::eventfd_write(slow_fd_, 1);
  }
  return wait_socket(false, deadline);
}

void Session::note_beginning() {
  slow_ = false;
  busy_since_.store(std::chrono::steady_clock::now().time_since_epoch().count());
}

std::optional<TimePoint> Session::busy_since() const {
  const Duration::rep since = busy_since_.load();
  return since == 0 ? std::nullopt : std::optional(TimePoint(Duration(since)));
}

Status Session::flush(TimePoint deadline) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return broken(PQerrorMessage(connection_.get()));
    SYNCLINE_RETURN_IF_ERROR(wait_socket(true, deadline));
    if (PQconsumeInput(connection_.get()) == 0) return broken(PQerrorMessage(connection_.get()));
  }
}

Error Session::error_of(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string code = state == nullptr ? "" : state;
  const std::string text =
      secrets_.mask(one_line(message == nullptr ? PQresultErrorMessage(result) : message));
  return Error{code.empty() ? Action::retry : action_of(code), text, Origin::database, code, {}};
}

Result<Rows> Session::collect(TimePoint deadline) {
  Rows last;
  std::optional<Error> failed;
  PGconn* connection = connection_.get();
  for (;;) {
    while (PQisBusy(connection) != 0) {
      SYNCLINE_RETURN_IF_ERROR(wait_answer(deadline));
      if (PQconsumeInput(connection) == 0) return broken(PQerrorMessage(connection));
    }
    PGresult* result = PQgetResult(connection);
    if (result == nullptr) break;
    Rows rows(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COPY_OUT) return rows;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      last = std::move(rows);
    } else if (!failed) {
      failed = error_of(result);
    }
  }
  busy_since_.store(0);
  if (PQstatus(connection) != CONNECTION_OK) broken_ = true;
  if (failed) {
    // "cached plan must not change result type": the table was altered under a prepared statement.
    // A new session plans anew.
    if (failed->code == "0A000") {
      broken_ = true;
      failed->action = Action::retry;
    }
    return *std::move(failed);
  }
  return last;
}

Status Session::begin_query(const Statement& statement, std::span<const Param> params) {
  const auto& [sql, types] = statement;
  PGconn* connection = connection_.get();
  const TimePoint deadline = std::chrono::steady_clock::now() + answer_timeout_;
  row_taken_ = true;
  auto known = prepared_.find(sql);
  if (known == prepared_.end()) {
    if (prepared_.size() >= kPreparedMax) {
      SYNCLINE_RETURN_IF_ERROR(script("DEALLOCATE ALL"));
      prepared_.clear();
    }
    const std::string name = "s" + std::to_string(prepared_.size());
    note_beginning();
    if (PQsendPrepare(connection, name.c_str(), sql.c_str(), static_cast<int>(types.size()),
                      types.data()) == 0) {
      return broken(PQerrorMessage(connection));
    }
    SYNCLINE_RETURN_IF_ERROR(flush(deadline));
    auto prepared = collect(deadline);
    if (!prepared.ok()) return std::move(prepared).error();
    known = prepared_.emplace(sql, name).first;
  }
  note_beginning();
  std::vector<const char*> values;
  values.reserve(std::max(params.size(), types.size()));
  for (const Param& param : params) values.push_back(param ? param->c_str() : nullptr);
  values.resize(std::max(params.size(), types.size()), nullptr);
  if (PQsendQueryPrepared(connection, known->second.c_str(), static_cast<int>(values.size()),
                          values.data(), nullptr, nullptr, 0) == 0) {
    return broken(PQerrorMessage(connection));
  }
  return flush(deadline);
}

Result<Rows> Session::query(const Statement& statement, std::span<const Param> params) {
  SYNCLINE_RETURN_IF_ERROR(begin_query(statement, params));
  return end_query();
}

Result<Rows> Session::end_query() {
  return collect(std::chrono::steady_clock::now() + answer_timeout_);
}

template <typename Ask>
std::invoke_result_t<Ask> Session::patiently(const Ask& ask) {
  SYNCLINE_RETURN_IF_ERROR(script("SET statement_timeout = '5min'"));
  answer_timeout_ = kPatientAnswerTimeout;
  auto answer = ask();
  answer_timeout_ = kAnswerTimeout;
  if (!usable()) return answer;
  Status reset = script("SET statement_timeout = '30s'");
  if (answer.ok() && !reset.ok()) return std::move(reset).error();
  return answer;
}

Result<Rows> Session::query_patiently(const Statement& statement, std::span<const Param> params) {
  Result<Rows> rows = query(statement, params);
  if (rows.ok() || rows.error().code != kQueryCanceled) return rows;
  return patiently([&] { return query(statement, params); });
}

Result<Session::Answer> Session::rows_patiently(const Statement& statement,
                                                std::span<const Param> params, size_t bytes_max) {
  return patiently([&]() -> Result<Answer> {
    SYNCLINE_RETURN_IF_ERROR(begin_query(statement, params));
    return end_rows(bytes_max);
  });
}

Status Session::script(const std::string& sql) {
  note_beginning();
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
    return broken(PQerrorMessage(connection_.get()));
  const TimePoint deadline = std::chrono::steady_clock::now() + kAnswerTimeout;
  SYNCLINE_RETURN_IF_ERROR(flush(deadline));
  auto done = collect(deadline);
  if (!done.ok()) return std::move(done).error();
  return {};
}

// Where it fails the connection is of no use to anybody: whoever has it next would get such plans.
void Session::plan_once(bool on) {
  const bool changes = on ? planned_once_++ == 0 : --planned_once_ == 0;
  if (!changes || !usable()) return;
  const Status set =
      script(std::string("SET plan_cache_mode = ") + (on ? "force_generic_plan" : "auto"));
  if (!set.ok()) broken_ = true;
}

Result<bool> Session::wait_notification(Duration timeout, int wake_fd) {
  PGconn* connection = connection_.get();
  const auto taken = [&] {
    bool any = false;
    while (PGnotify* notification = PQnotifies(connection)) {
      PQfreemem(notification);
      any = true;
    }
    return any;
  };
  if (taken()) return true;
  std::array<pollfd, 3> fds{};
  fds[0] = {PQsocket(connection), POLLIN, 0};
  fds[1] = {stop_->fd(), POLLIN, 0};
  fds[2] = {wake_fd, POLLIN, 0};
  const auto wait_us = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  const timespec wait{wait_us / 1'000'000, (wait_us % 1'000'000) * 1000};
  const int ready = ::ppoll(fds.data(), fds.size(), &wait, nullptr);
  if (ready > 0 && fds[0].revents != 0 && PQconsumeInput(connection) == 0) {
    return broken(PQerrorMessage(connection));
  }
  return taken();
}

std::string Session::quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Session::quote_literal(std::string_view text) {
  // E'' so that a backslash means itself whatever the session or the function's reader has set.
  std::string quoted = text.find('\\') == std::string_view::npos ? "'" : "E'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

std::string Session::array_literal(std::span<const std::string> values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + '}';
}

}  // namespace syncline::postgres

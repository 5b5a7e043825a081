// Session: one connection to a source's PostgreSQL, set up so that every value prints in one fixed
// form.
//
// Owner: SessionPool, which lends it to one thread at a time. Every call is bounded in time on our
// side too, so that a network that swallows packets becomes an error, and ends early when the
// StopSignal is raised. Place in the flow: the only code that speaks libpq.
#pragma once

#include <libpq-fe.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_mask.h"
#include "base/stop_signal.h"
#include "model/spec.h"

namespace syncline::postgres {

// The rows of one answer, in text form.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result) {}

  int size() const { return result_ ? PQntuples(result_.get()) : packed_size_; }
  bool empty() const { return size() == 0; }
  // NULL is nothing. The view lives as long as the Rows.
  std::optional<std::string_view> get(int row, int column) const {
    if (!result_) return packed(row, column);
    if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<size_t>(PQgetlength(result_.get(), row, column)));
  }
  // NULL is empty, 0 or false.
  std::string text(int row, int column) const;
  int64_t integer(int row, int column) const;
  bool boolean(int row, int column) const;

  // Copies the only row of a result behind those that are held. Rows made so lie close together.
  void pack(const PGresult* row);

 private:
  struct Cell {
    size_t offset = 0;
    int size = -1;  // NULL
  };
  std::optional<std::string_view> packed(int row, int column) const {
    const Cell& cell = cells_[static_cast<size_t>(row) * columns_ + static_cast<size_t>(column)];
    if (cell.size < 0) return std::nullopt;
    return std::string_view(bytes_).substr(cell.offset, static_cast<size_t>(cell.size));
  }

  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
  std::string bytes_;
  std::vector<Cell> cells_;
  size_t columns_ = 0;
  int packed_size_ = 0;
};

// The code of an error (park): a line of COPY is larger than Session::kLineBytesMax, and the
// connection is given up.
inline constexpr const char* kLineTooLarge = "line_too_large";

using Param = std::optional<std::string>;

// A statement and the types of its parameters, as oids: whoever renames a type cannot put another
// in its place. 0, and those that are not listed: what the server takes them for. Its text is
// unique to the types (see ValueSql).
struct Statement {
  std::string sql;
  std::vector<uint32_t> types;
};

// The code of an error of a connection that is gone, or does not answer.
inline constexpr const char* kConnectionLost = "08006";
// Of a statement that took too long, or that somebody cancelled.
inline constexpr const char* kQueryCanceled = "57014";

class Session {
 public:
  // Connects and applies the fixed settings. Error: retry (with libpq's reason), or needs_person if
  // the server is one that cannot be used (a pooler in transaction mode, a read-only standby, too
  // old).
  static Result<std::unique_ptr<Session>> open(const SourceSpec& spec, const StopSignal& stop);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // One statement with parameters; its plan is kept in the session under the text of the statement.
  // Parameters that have a type and no value are NULL.
  Result<Rows> query(const Statement& statement, std::span<const Param> params);
  Result<Rows> query(const std::string& sql, std::span<const Param> params = {}) {
    return query(Statement{sql, {}}, params);
  }
  Result<Rows> query(const std::string& sql, std::initializer_list<Param> params) {
    return query(sql, std::span<const Param>(params.begin(), params.size()));
  }
  // The same for what may have to read a whole table: if it takes longer than statements may it is
  // asked once more, with minutes of time. Whoever waits for a lock behind it ends it (LockWatch).
  Result<Rows> query_patiently(const Statement& statement, std::span<const Param> params);
  // The same in two steps, so that several sessions work at once: begin_query() sends, end_query()
  // waits for the answer. Nothing else may be asked of the session in between.
  Status begin_query(const Statement& statement, std::span<const Param> params);
  Status begin_query(const std::string& sql, std::span<const Param> params) {
    return begin_query(Statement{sql, {}}, params);
  }
  Result<Rows> end_query();
  // In place of end_query(), for rows that may be large: none is held twice, and reading stops
  // where they weigh more than `bytes_max`, before a row that weighs more has come.
  struct Answer {
    std::vector<Rows> parts;
    size_t bytes = 0;
    bool complete = true;  // false: there are more, and none is given
  };
  Result<Answer> end_rows(size_t bytes_max);
  // After an end_rows() that took longer than statements may: the same, with minutes of time.
  Result<Answer> rows_patiently(const Statement& statement, std::span<const Param> params,
                                size_t bytes_max);
  // While it lives each statement is planned once in the session, whatever its parameters: for
  // queries of the catalog, whose planning takes several times as long as running them.
  class PlannedOnce {
   public:
    explicit PlannedOnce(Session& session) : session_(session) { session_.plan_once(true); }
    ~PlannedOnce() { session_.plan_once(false); }
    PlannedOnce(const PlannedOnce&) = delete;
    PlannedOnce& operator=(const PlannedOnce&) = delete;

   private:
    Session& session_;
  };
  // Several statements in one transaction (the simple protocol's), without parameters.
  Status script(const std::string& sql);

  // COPY … TO STDOUT: begin, then lines until nothing comes. A line stays valid until the next call
  // and may be changed in place.
  Status begin_copy(const std::string& sql);
  static constexpr size_t kLineBytesMax = size_t{64} << 20;
  struct CopyLine {
    char* data = nullptr;  // null: the end
    size_t size = 0;
  };
  Result<CopyLine> next_copy_line();
  // Ends a COPY early: the server is told to stop, what is under way is thrown away.
  void cancel_copy();

  // Waits for a notification, at most `timeout`, or until `wake_fd` becomes readable. True if a
  // notification came.
  Result<bool> wait_notification(Duration timeout, int wake_fd);

  // What other threads may ask of it: to end whatever is waited for in this session, with an error;
  // and since when a statement has been under way (nothing, if none is).
  void sever();
  std::optional<TimePoint> busy_since() const;
  int process() const { return PQbackendPID(connection_.get()); }
  // An eventfd that is written to when a statement takes longer than this.
  static constexpr auto kSlow = std::chrono::milliseconds(200);
  void set_slow_fd(int fd) { slow_fd_ = fd; }

  // From now on this signal ends the session's waits: of the lessee, who outlives the lease.
  void set_stop(const StopSignal& stop) { stop_ = &stop; }

  // False after any error that leaves the connection unusable.
  bool usable() const;
  // Nothing is under way, no transaction is open, and no large row has come: its buffer would stay
  // as large as that.
  bool idle() const {
    return usable() && !outgrown_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
  }
  int server_version() const { return PQserverVersion(connection_.get()); }

  static std::string quote_identifier(std::string_view name);
  static std::string quote_literal(std::string_view text);
  // A text[] literal, for a parameter.
  static std::string array_literal(std::span<const std::string> values);

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct FreeLine {
    void operator()(char* line) const { PQfreemem(line); }
  };

  Session(PGconn* connection, const StopSignal& stop);

  static Result<std::unique_ptr<Session>> connect(const SourceSpec& spec, const StopSignal& stop);
  Status set_up();
  Status check_pooler(const SourceSpec& spec, const StopSignal& stop);
  void plan_once(bool on);
  Status wait_socket(bool for_write, TimePoint deadline);
  Status wait_answer(TimePoint deadline);
  void note_beginning();
  Status flush(TimePoint deadline);
  Result<Rows> collect(TimePoint deadline);
  template <typename Ask>
  std::invoke_result_t<Ask> patiently(const Ask& ask);
  Result<Answer> take_rows(TimePoint deadline, size_t bytes_max);
  Status take_row(PGresult* row, Answer& answer);
  Status wait_for_row(TimePoint deadline, size_t bytes_max);
  bool row_outgrows(size_t bytes_max);
  void cancel();
  Status cut_answer(TimePoint deadline);
  Error error_of(const PGresult* result) const;
  Error broken(std::string reason);

  std::unique_ptr<PGconn, Finish> connection_;
  SecretMask secrets_;  // that a message of the server may repeat
  const StopSignal* stop_;
  std::unique_ptr<char, FreeLine> line_;
  std::unordered_map<std::string, std::string> prepared_;  // statement text to name
  int planned_once_ = 0;                                   // how many ask for it
  bool broken_ = false;
  Duration answer_timeout_;
  int slow_fd_ = -1;
  bool slow_ = false;                         // the statement under way, and slow_fd_ was told
  std::atomic<Duration::rep> busy_since_{0};  // of a TimePoint; 0: nothing is under way
  bool outgrown_ = false;
  uint64_t received_ = 0;   // by the connection, when it was first waited after the last row
  bool row_taken_ = false;  // since then
};

}  // namespace syncline::postgres

// SqliteDatabase: one SQLite file of ours, opened durable and private, and its prepared statements.
//
// Owner: the store that opened it (Store, ParkedDatabase, VerifyStore), which also serialises all
// calls: not thread-safe. Every commit is on the disk before it returns (WAL, synchronous=FULL).
// SQLite's error codes end here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace syncline::storage {

// The codes of errors of our own files: this and SQLite's number.

class SqliteStatement {
 public:
  SqliteStatement() = default;

  // Starts over with these parameters, in order; texts must live until the statement has run.
  template <typename... Parameters>
  SqliteStatement& bind(const Parameters&... parameters) {
    reset();
    int position = 0;
    (bind_one(++position, parameters), ...);
    return *this;
  }

  // Runs to the next row; false: no more.
  Result<bool> step();
  // Runs a statement that gives no row.
  Status run();
  void reset();

  // Columns of the row that step() stands on, from 0.
  int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind_one(int position, int64_t value);
  void bind_one(int position, std::string_view value);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  // Opens or creates `path` with mode 0600 and runs those migrations that it has not seen yet, each
  // in a transaction. Error: needs_person (not writable, not a database, made by a newer version).
  static Result<SqliteDatabase> open(const std::string& path,
                                     std::span<const std::string_view> migrations);

  SqliteDatabase(SqliteDatabase&&) noexcept = default;
  SqliteDatabase& operator=(SqliteDatabase&&) noexcept = default;

  Result<SqliteStatement> prepare(std::string_view sql);
  Status execute(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}

  Status configure();
  Status migrate(std::span<const std::string_view> migrations);

  std::unique_ptr<sqlite3, Close> database_;
};

// A transaction: rolled back when it goes out of scope without commit().
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  Status begin();
  Status commit();

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

}  // namespace syncline::storage

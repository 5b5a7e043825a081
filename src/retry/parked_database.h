// ParkedDatabase: one connection to parked.db with the mutex that serialises its use, and the
// file's schema.
//
// Owner: ParkedStore, which holds two: one for writing, shared with MessageList, and one for
// reading, so that a look never waits for somebody's fsync. Whoever uses `database`, or a statement
// prepared on it, holds `mutex`.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "storage/sqlite_database.h"

namespace syncline::retry {

struct ParkedDatabase {
  explicit ParkedDatabase(storage::SqliteDatabase opened) : database(std::move(opened)) {}

  // Opens or creates the file with mode 0600 and brings its schema up. Error: needs_person.
  static Result<std::shared_ptr<ParkedDatabase>> open(const std::string& path);

  std::mutex mutex;
  storage::SqliteDatabase database;
};

}  // namespace syncline::retry

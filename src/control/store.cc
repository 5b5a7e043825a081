#include "control/store.h"

#include <array>
#include <mutex>
#include <utility>

#include "base/random_id.h"
#include "storage/sqlite_database.h"

namespace syncline::control {

namespace {

// Applied in order, each once. Never change one that was released: add another.
constexpr std::array<std::string_view, 5> kMigrations = {
    R"(CREATE TABLE meta (
         key TEXT PRIMARY KEY,
         value TEXT NOT NULL
       ) WITHOUT ROWID;
       CREATE TABLE sources (
         name TEXT PRIMARY KEY,
         body TEXT NOT NULL,
         installed INTEGER NOT NULL DEFAULT 0
       ) WITHOUT ROWID;
       CREATE TABLE targets (
         name TEXT PRIMARY KEY,
         body TEXT NOT NULL
       ) WITHOUT ROWID;
       CREATE TABLE jobs (
         name TEXT PRIMARY KEY,
         body TEXT NOT NULL,
         paused INTEGER NOT NULL DEFAULT 0,
         resync_generation INTEGER NOT NULL DEFAULT 0
       ) WITHOUT ROWID;
       -- Rows with installed = 0 wait for an installation that ends after its source was deleted.
       CREATE TABLE retired_sources (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         former_name TEXT NOT NULL,
         body TEXT NOT NULL,
         installed INTEGER NOT NULL
       );)",
    R"(ALTER TABLE sources ADD COLUMN identity TEXT NOT NULL DEFAULT '';
       ALTER TABLE sources ADD COLUMN xmax INTEGER NOT NULL DEFAULT 0)",
    "ALTER TABLE sources ADD COLUMN pulse INTEGER NOT NULL DEFAULT 0",
    R"(ALTER TABLE sources DROP COLUMN pulse;
       ALTER TABLE sources ADD COLUMN mark TEXT NOT NULL DEFAULT '';
       ALTER TABLE sources ADD COLUMN next_mark TEXT NOT NULL DEFAULT '')",
    "ALTER TABLE jobs ADD COLUMN take_over_generation INTEGER NOT NULL DEFAULT 0"};

constexpr std::string_view kInstanceIdKey = "instance_id";

}  // namespace

class Store::State {
 public:
  explicit State(storage::SqliteDatabase opened) : database(std::move(opened)) {}

  template <typename... Parameters>
  Status run(std::string_view sql, const Parameters&... parameters) {
    SYNCLINE_ASSIGN(storage::SqliteStatement statement, database.prepare(sql));
    return statement.bind(parameters...).run();
  }

  // Every row of a query, made into a value by `read`.
  template <typename Value, typename Read>
  Result<std::vector<Value>> rows(std::string_view sql, Read read) {
    const std::lock_guard lock(mutex);
    SYNCLINE_ASSIGN(storage::SqliteStatement statement, database.prepare(sql));
    std::vector<Value> values;
    for (;;) {
      SYNCLINE_ASSIGN(const bool row, statement.step());
      if (!row) return values;
      values.push_back(read(statement));
    }
  }

  Status prepare_first_use();
  Status change_source(const SourceChange& change);
  Status keep_installed(const SourceChange& change);

  std::mutex mutex;
  storage::SqliteDatabase database;
  std::string instance_id;
};

Status Store::State::prepare_first_use() {
  SYNCLINE_RETURN_IF_ERROR(
      run("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", kInstanceIdKey, random_id()));
  SYNCLINE_ASSIGN(storage::SqliteStatement find,
                  database.prepare("SELECT value FROM meta WHERE key = ?"));
  SYNCLINE_ASSIGN(const bool found, find.bind(kInstanceIdKey).step());
  if (!found) return Error::bug("the state file has lost its instance id");
  instance_id = find.text(0);
  // No installation is under way at start.
  return run("DELETE FROM retired_sources WHERE installed = 0");
}

// What is installed under the stored source goes to its heir, or is kept as a retired source.
Status Store::State::keep_installed(const SourceChange& change) {
  if (change.heir) {
    return run(
        "UPDATE sources SET installed = 1 WHERE name = ? AND EXISTS "
        "(SELECT 1 FROM sources WHERE name = ? AND installed = 1)",
        *change.heir, change.name);
  }
  return run(
      "INSERT INTO retired_sources (former_name, body, installed) "
      "SELECT name, body, installed FROM sources WHERE name = ?",
      change.name);
}

Status Store::State::change_source(const SourceChange& change) {
  storage::SqliteTransaction transaction(database);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  if (change.retire_stored) SYNCLINE_RETURN_IF_ERROR(keep_installed(change));
  if (!change.body) {
    SYNCLINE_RETURN_IF_ERROR(run("DELETE FROM sources WHERE name = ?", change.name));
    return transaction.commit();
  }
  SYNCLINE_RETURN_IF_ERROR(
      run("INSERT INTO sources (name, body) VALUES (?, ?) "
          "ON CONFLICT (name) DO UPDATE SET body = excluded.body",
          change.name, *change.body));
  if (change.retire_stored) {
    SYNCLINE_RETURN_IF_ERROR(run("UPDATE sources SET installed = 0 WHERE name = ?", change.name));
  }
  for (const std::string& retired : change.absorbed) {
    SYNCLINE_RETURN_IF_ERROR(
        run("DELETE FROM retired_sources WHERE former_name || '#' || number = ?", retired));
    SYNCLINE_RETURN_IF_ERROR(run("UPDATE sources SET installed = 1 WHERE name = ?", change.name));
  }
  return transaction.commit();
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
  SYNCLINE_ASSIGN(storage::SqliteDatabase database,
                  storage::SqliteDatabase::open(path, kMigrations));
  auto state = std::make_unique<State>(std::move(database));
  SYNCLINE_RETURN_IF_ERROR(state->prepare_first_use());
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

const std::string& Store::instance_id() const {
  return state_->instance_id;
}

Result<std::vector<StoredSource>> Store::sources() const {
  return state_->rows<StoredSource>(
      "SELECT name, body, installed FROM sources ORDER BY name",
      [](const storage::SqliteStatement& row) {
        return StoredSource{row.text(0), row.text(1), row.integer(2) != 0};
      });
}

Result<std::vector<StoredSource>> Store::retired_sources() const {
  return state_->rows<StoredSource>(
      "SELECT former_name || '#' || number, body FROM retired_sources WHERE installed = 1 "
      "ORDER BY number",
      [](const storage::SqliteStatement& row) {
        return StoredSource{row.text(0), row.text(1), true};
      });
}

Result<std::vector<StoredResource>> Store::targets() const {
  return state_->rows<StoredResource>("SELECT name, body FROM targets ORDER BY name",
                                      [](const storage::SqliteStatement& row) {
                                        return StoredResource{row.text(0), row.text(1)};
                                      });
}

Result<std::vector<StoredJob>> Store::jobs() const {
  return state_->rows<StoredJob>(
      "SELECT name, body, paused, resync_generation, take_over_generation FROM jobs ORDER BY name",
      [](const storage::SqliteStatement& row) {
        return StoredJob{row.text(0), row.text(1), row.integer(2) != 0, row.integer(3),
                         row.integer(4)};
      });
}

Status Store::change_source(const SourceChange& change) {
  const std::lock_guard lock(state_->mutex);
  return state_->change_source(change);
}

Status Store::put_target(const std::string& name, const std::string& body) {
  const std::lock_guard lock(state_->mutex);
  return state_->run("INSERT OR REPLACE INTO targets (name, body) VALUES (?, ?)", name, body);
}

Status Store::remove_target(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  return state_->run("DELETE FROM targets WHERE name = ?", name);
}

Status Store::put_job(const std::string& name, const std::string& body) {
  const std::lock_guard lock(state_->mutex);
  return state_->run(
      "INSERT INTO jobs (name, body) VALUES (?, ?) "
      "ON CONFLICT (name) DO UPDATE SET body = excluded.body",
      name, body);
}

Status Store::remove_job(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  return state_->run("DELETE FROM jobs WHERE name = ?", name);
}

Status Store::set_paused(const std::string& name, bool paused) {
  const std::lock_guard lock(state_->mutex);
  return state_->run("UPDATE jobs SET paused = ? WHERE name = ?", int64_t{paused}, name);
}

Status Store::set_resync_generation(const std::string& name, int64_t generation, bool take_over) {
  const std::lock_guard lock(state_->mutex);
  return state_->run(
      "UPDATE jobs SET resync_generation = ?, take_over_generation = ? WHERE name = ?", generation,
      take_over ? generation : int64_t{0}, name);
}

Status Store::set_installed(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  SYNCLINE_RETURN_IF_ERROR(state_->run("UPDATE sources SET installed = 1 WHERE name = ?", name));
  if (state_->database.changes() > 0) return {};
  return state_->run(
      "UPDATE retired_sources SET installed = 1 WHERE number = "
      "(SELECT max(number) FROM retired_sources WHERE former_name = ?)",
      name);
}

Status Store::clear_installed(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  SYNCLINE_RETURN_IF_ERROR(state_->run("UPDATE sources SET installed = 0 WHERE name = ?", name));
  if (state_->database.changes() > 0) return {};
  return state_->run("DELETE FROM retired_sources WHERE former_name || '#' || number = ?", name);
}

Result<std::optional<DatabaseHistory>> Store::history(const std::string& source) const {
  const std::lock_guard lock(state_->mutex);
  SYNCLINE_ASSIGN(storage::SqliteStatement find,
                  state_->database.prepare(
                      "SELECT identity, xmax, mark, next_mark FROM sources WHERE name = ?"));
  SYNCLINE_ASSIGN(const bool found, find.bind(source).step());
  if (!found || find.text(0).empty()) return std::optional<DatabaseHistory>();
  return std::optional(DatabaseHistory{find.text(0), find.integer(1), find.text(2), find.text(3)});
}

Status Store::set_history(const std::string& source, const DatabaseHistory& history) {
  const std::lock_guard lock(state_->mutex);
  return state_->run(
      "UPDATE sources SET identity = ?, xmax = ?, mark = ?, next_mark = ? WHERE name = ?",
      history.identity, history.xmax, history.mark, history.next_mark, source);
}

}  // namespace syncline::control

#include "storage/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace syncline::storage {

namespace {

// Somebody may look into the file with a tool; a process of ours never waits for another one of
// ours.
constexpr int kBusyTimeoutMs = 5000;

Error sqlite_error(sqlite3* database) {
  const int code = sqlite3_errcode(database);
  const char* path = sqlite3_db_filename(database, "main");
  std::string message = std::string("SQLite: ") + sqlite3_errmsg(database);
  if (path != nullptr && *path != '\0') message += std::string(" (") + path + ")";
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return Error::retry(std::move(message), Origin::data_directory);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error::needs_person(std::move(message), Origin::data_directory);
    default:
      return Error::bug(std::move(message), Origin::data_directory);
  }
}

Error system_error(const std::string& what, const std::string& path) {
  return Error::needs_person(what + " " + path + ": " + std::strerror(errno));
}

// SQLite would create the file with the mode that the umask leaves; its WAL takes over the mode of
// the file.
Status create_private_file(const std::string& path) {
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0) return system_error("cannot open", path);
  const bool private_now = ::fchmod(file, S_IRUSR | S_IWUSR) == 0;
  ::close(file);
  if (!private_now) return system_error("cannot make private", path);
  return {};
}

// The new file's directory entry must survive a power cut as well.
Status sync_directory_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return system_error("cannot open", folder);
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  if (!synced) return system_error("cannot sync", folder);
  return {};
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void SqliteStatement::bind_one(int position, int64_t value) {
  sqlite3_bind_int64(statement_.get(), position, value);
}

void SqliteStatement::bind_one(int position, std::string_view value) {
  // A view without bytes may have no address, which SQLite would take for NULL.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text64(statement_.get(), position, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  return error;
}

Status SqliteStatement::run() {
  SYNCLINE_ASSIGN(const bool row, step());
  if (row) sqlite3_reset(statement_.get());
  return {};
}

int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(length));
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path,
                                            std::span<const std::string_view> migrations) {
  SYNCLINE_RETURN_IF_ERROR(create_private_file(path));
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  SqliteDatabase database(handle);
  if (code != SQLITE_OK) {
    if (handle == nullptr) return Error::needs_person("cannot open " + path + ": out of memory");
    return sqlite_error(handle);
  }
  Status ready = database.configure();
  if (ready.ok()) ready = database.migrate(migrations);
  if (!ready.ok()) return Error::needs_person(ready.error().message, Origin::data_directory);
  SYNCLINE_RETURN_IF_ERROR(sync_directory_of(path));
  return database;
}

Status SqliteDatabase::configure() {
  sqlite3_busy_timeout(database_.get(), kBusyTimeoutMs);
  SYNCLINE_RETURN_IF_ERROR(execute("PRAGMA journal_mode=WAL"));
  SYNCLINE_RETURN_IF_ERROR(execute("PRAGMA synchronous=FULL"));
  return execute("PRAGMA foreign_keys=ON");
}

Status SqliteDatabase::migrate(std::span<const std::string_view> migrations) {
  SYNCLINE_ASSIGN(SqliteStatement version, prepare("PRAGMA user_version"));
  SYNCLINE_ASSIGN(const bool found, version.step());
  const auto seen = found ? static_cast<size_t>(version.integer(0)) : 0;
  version.reset();
  if (seen > migrations.size()) {
    return Error::needs_person(std::string("the file ") +
                               sqlite3_db_filename(database_.get(), "main") +
                               " was made by a newer version of Syncline: use that version");
  }
  for (size_t i = seen; i < migrations.size(); ++i) {
    SqliteTransaction transaction(*this);
    SYNCLINE_RETURN_IF_ERROR(transaction.begin());
    SYNCLINE_RETURN_IF_ERROR(execute(std::string(migrations[i])));
    SYNCLINE_RETURN_IF_ERROR(execute("PRAGMA user_version=" + std::to_string(i + 1)));
    SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  }
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database_.get());
  return SqliteStatement(statement);
}

Status SqliteDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(database_.get());
  }
  return {};
}

int64_t SqliteDatabase::changes() const {
  return sqlite3_changes64(database_.get());
}

SqliteTransaction::~SqliteTransaction() {
  // SQLite rolls some failures back by itself; a second ROLLBACK then says so, which changes
  // nothing.
  if (open_) (void)database_.execute("ROLLBACK").ok();
}

Status SqliteTransaction::begin() {
  SYNCLINE_RETURN_IF_ERROR(database_.execute("BEGIN IMMEDIATE"));
  open_ = true;
  return {};
}

Status SqliteTransaction::commit() {
  SYNCLINE_RETURN_IF_ERROR(database_.execute("COMMIT"));
  open_ = false;
  return {};
}

}  // namespace syncline::storage

#include "retry/parked_reader.h"

#include <utility>

namespace syncline::retry {

namespace {

constexpr std::string_view kColumns =
    "SELECT plan, job, id, status, type, reason, attempts, first_at_us, last_at_us, next_at_us "
    "FROM parked ";

// The lower bound for what follows this id in byte order.
std::string after_id(const std::string& id) {
  return id + '\0';
}

}  // namespace

Result<std::unique_ptr<ParkedReader>> ParkedReader::open(const std::string& path) {
  SYNCLINE_ASSIGN(auto file, ParkedDatabase::open(path));
  std::unique_ptr<ParkedReader> reader(new ParkedReader(std::move(file)));
  SYNCLINE_RETURN_IF_ERROR(reader->prepare());
  return reader;
}

Status ParkedReader::prepare() {
  storage::SqliteDatabase& database = file_->database;
  const std::string columns(kColumns);
  SYNCLINE_ASSIGN(contains_, database.prepare("SELECT 1 FROM parked WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(find_, database.prepare(columns + "WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(ids_, database.prepare("SELECT id FROM parked WHERE plan=?"));
  SYNCLINE_ASSIGN(
      page_, database.prepare(columns + "WHERE plan=? AND id>=? AND job=? ORDER BY id LIMIT ?"));
  SYNCLINE_ASSIGN(due_, database.prepare("SELECT next_at_us, number, id FROM parked WHERE plan=? "
                                         "AND (next_at_us, number) > (?, ?) AND next_at_us<=? AND "
                                         "last_at_us<? ORDER BY next_at_us, number LIMIT ?"));
  return {};
}

ParkedDocument ParkedReader::document(const storage::SqliteStatement& row) {
  ParkedDocument document;
  document.plan = row.text(0);
  document.job = row.text(1);
  document.id = row.text(2);
  document.status = static_cast<int>(row.integer(3));
  document.type = row.text(4);
  document.reason = row.text(5);
  document.attempts = row.integer(6);
  document.first_at_us = row.integer(7);
  document.last_at_us = row.integer(8);
  document.next_at_us = row.integer(9);
  return document;
}

Result<std::optional<ParkedDocument>> ParkedReader::find(const std::string& plan,
                                                         const std::string& id) {
  const std::lock_guard lock(file_->mutex);
  SYNCLINE_ASSIGN(const bool found, find_.bind(plan, id).step());
  std::optional<ParkedDocument> parked;
  if (found) parked = document(find_);
  find_.reset();
  return parked;
}

Result<std::vector<std::string>> ParkedReader::parked_among(const std::string& plan,
                                                            const std::vector<std::string>& ids) {
  const std::lock_guard lock(file_->mutex);
  std::vector<std::string> parked;
  for (const std::string& id : ids) {
    SYNCLINE_ASSIGN(const bool found, contains_.bind(plan, id).step());
    if (found) parked.push_back(id);
    contains_.reset();
  }
  return parked;
}

Status ParkedReader::each_id(const std::string& plan,
                             const std::function<void(const std::string&)>& take) {
  const std::lock_guard lock(file_->mutex);
  ids_.bind(plan);
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, ids_.step());
    if (!row) return {};
    take(ids_.text(0));
  }
}

Result<ParkedPage> ParkedReader::page(const std::string& plan, const std::string& job,
                                      const std::optional<std::string>& after, size_t limit) {
  const std::string from = after ? after_id(*after) : "";
  const std::lock_guard lock(file_->mutex);
  page_.bind(plan, from, job, static_cast<int64_t>(limit) + 1);
  ParkedPage page;
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, page_.step());
    if (!row) return page;
    if (page.documents.size() == limit) break;
    page.documents.push_back(document(page_));
  }
  page_.reset();
  page.next = page.documents.back().id;
  return page;
}

Result<std::vector<std::string>> ParkedReader::due(const std::string& plan, DueWalk& walk,
                                                   size_t max) {
  const std::lock_guard lock(file_->mutex);
  due_.bind(plan, walk.next_at_us, walk.number, walk.until_us, walk.tried_before_us,
            static_cast<int64_t>(max));
  std::vector<std::string> ids;
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, due_.step());
    if (!row) return ids;
    walk.next_at_us = due_.integer(0);
    walk.number = due_.integer(1);
    ids.push_back(due_.text(2));
  }
}

}  // namespace syncline::retry

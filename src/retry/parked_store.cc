#include "retry/parked_store.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"

namespace syncline::retry {

namespace {

constexpr int64_t kPieceRows = 5000;  // a transaction of some tens of milliseconds

int64_t microseconds(std::chrono::seconds seconds) {
  return std::chrono::duration_cast<std::chrono::microseconds>(seconds).count();
}

}  // namespace

Result<std::unique_ptr<ParkedStore>> ParkedStore::open(const std::string& path,
                                                       RetryDelays delays) {
  std::unique_ptr<ParkedStore> store(new ParkedStore(delays));
  SYNCLINE_ASSIGN(store->file_, ParkedDatabase::open(path));
  SYNCLINE_ASSIGN(store->reader_, ParkedReader::open(path));
  SYNCLINE_RETURN_IF_ERROR(store->prepare());
  SYNCLINE_RETURN_IF_ERROR(store->load_counts());
  return store;
}

Status ParkedStore::prepare() {
  storage::SqliteDatabase& database = file_->database;
  SYNCLINE_ASSIGN(
      find_, database.prepare("SELECT job, attempts, version FROM parked WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(insert_,
                  database.prepare("INSERT INTO parked (plan, id, job, status, type, reason, "
                                   "attempts, first_at_us, last_at_us, next_at_us, version) "
                                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  SYNCLINE_ASSIGN(update_, database.prepare("UPDATE parked SET job=?, status=?, type=?, reason=?, "
                                            "attempts=?, last_at_us=?, next_at_us=?, version=? "
                                            "WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(delete_, database.prepare("DELETE FROM parked WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(hasten_,
                  database.prepare("UPDATE parked SET next_at_us=0 WHERE plan=? AND id=?"));
  return prepare_pieces();
}

Status ParkedStore::prepare_pieces() {
  storage::SqliteDatabase& database = file_->database;
  // The plus keeps SQLite from going by the index on plan.
  const std::string piece = " WHERE number>? AND number<=? AND +plan=?";
  SYNCLINE_ASSIGN(piece_, database.prepare("SELECT max(number), count(*) FROM (SELECT number FROM "
                                           "parked WHERE number>? ORDER BY number LIMIT ?)"));
  SYNCLINE_ASSIGN(jobs_of_piece_,
                  database.prepare("SELECT job, count(*) FROM parked" + piece + " GROUP BY job"));
  SYNCLINE_ASSIGN(delete_piece_, database.prepare("DELETE FROM parked" + piece));
  SYNCLINE_ASSIGN(assign_piece_, database.prepare("UPDATE parked SET job=?" + piece));
  return {};
}

Status ParkedStore::load_counts() {
  SYNCLINE_ASSIGN(storage::SqliteStatement all,
                  file_->database.prepare("SELECT plan, job, documents FROM parked_count"));
  ParkedCounts::Changes stored;
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, all.step());
    if (!row) break;
    stored[{all.text(0), all.text(1)}] = all.integer(2);
  }
  counts_.take(stored);
  return {};
}

Status ParkedStore::add(const std::vector<ParkedDocument>& documents) {
  if (documents.empty()) return {};
  const std::lock_guard lock(file_->mutex);
  ParkedCounts::Changes changes;
  storage::SqliteTransaction transaction(file_->database);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (const ParkedDocument& document : documents) {
    SYNCLINE_RETURN_IF_ERROR(add_one(document, changes));
  }
  SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  put_into_filters(documents);
  counts_.take(changes);
  failpoint("parked_committed");
  return {};
}

Status ParkedStore::add_one(const ParkedDocument& document, ParkedCounts::Changes& changes) {
  SYNCLINE_ASSIGN(const std::optional<Before> before, find(document.plan, document.id));
  const int64_t attempts = before ? before->attempts + 1 : document.attempts;
  const int64_t next_at_us = document.last_at_us + microseconds(delays_.after(attempts));
  changes[{document.plan, document.job}] += 1;
  if (before) {
    changes[{document.plan, before->job}] -= 1;
    return update_
        .bind(document.job, int64_t{document.status}, document.type, document.reason, attempts,
              document.last_at_us, next_at_us, std::max(document.version, before->version),
              document.plan, document.id)
        .run();
  }
  return insert_
      .bind(document.plan, document.id, document.job, int64_t{document.status}, document.type,
            document.reason, attempts, document.first_at_us, document.last_at_us, next_at_us,
            document.version)
      .run();
}

Result<std::optional<ParkedStore::Before>> ParkedStore::find(const std::string& plan,
                                                             const std::string& id) {
  SYNCLINE_ASSIGN(const bool parked, find_.bind(plan, id).step());
  std::optional<Before> before;
  if (parked) before = Before{find_.text(0), find_.integer(1), find_.integer(2)};
  find_.reset();
  return before;
}

Status ParkedStore::remove(const std::string& plan, const std::vector<std::string>& ids,
                           int64_t version) {
  if (ids.empty()) return {};
  if (counts_.of_plan(plan) == 0) {
    const std::lock_guard lock(filters_mutex_);
    filters_.erase(plan);
    return {};
  }
  // Looking first, past all writers: a transaction costs an fsync, and nearly always none of the
  // ids is parked.
  SYNCLINE_ASSIGN(const std::vector<std::string> perhaps, perhaps_parked(plan, ids));
  if (perhaps.empty()) return {};
  SYNCLINE_ASSIGN(const std::vector<std::string> parked, reader_->parked_among(plan, perhaps));
  if (parked.empty()) return {};
  const std::lock_guard lock(file_->mutex);
  ParkedCounts::Changes changes;
  storage::SqliteTransaction transaction(file_->database);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (const std::string& id : parked)
    SYNCLINE_RETURN_IF_ERROR(remove_one(plan, id, version, changes));
  SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  counts_.take(changes);
  return {};
}

Result<std::vector<std::string>> ParkedStore::perhaps_parked(const std::string& plan,
                                                             const std::vector<std::string>& ids) {
  const std::lock_guard lock(filters_mutex_);
  auto filter = filters_.find(plan);
  if (filter == filters_.end() || filter->second.is_crowded()) {
    // What is added meanwhile waits for the mutex, and is put in then.
    IdFilter made(counts_.of_plan(plan));
    SYNCLINE_RETURN_IF_ERROR(
        reader_->each_id(plan, [&made](const std::string& id) { made.add(id); }));
    filter = filters_.insert_or_assign(plan, std::move(made)).first;
  }
  std::vector<std::string> perhaps;
  for (const std::string& id : ids) {
    if (filter->second.may_contain(id)) perhaps.push_back(id);
  }
  return perhaps;
}

void ParkedStore::put_into_filters(const std::vector<ParkedDocument>& documents) {
  const std::lock_guard lock(filters_mutex_);
  for (const ParkedDocument& document : documents) {
    const auto filter = filters_.find(document.plan);
    if (filter != filters_.end()) filter->second.add(document.id);
  }
}

Status ParkedStore::remove_one(const std::string& plan, const std::string& id, int64_t version,
                               ParkedCounts::Changes& changes) {
  // Asked again: the same id may stand twice in the list, or be gone by now.
  SYNCLINE_ASSIGN(const std::optional<Before> before, find(plan, id));
  if (!before || before->version > version) return {};
  changes[{plan, before->job}] -= 1;
  return delete_.bind(plan, id).run();
}

Result<std::optional<ParkedStore::Piece>> ParkedStore::piece_after(int64_t number) {
  SYNCLINE_ASSIGN(const bool row, piece_.bind(number, kPieceRows).step());
  std::optional<Piece> piece;
  if (row && piece_.integer(1) > 0) piece = Piece{number, piece_.integer(0)};
  piece_.reset();
  return piece;
}

// Calls change(piece, changes) for one piece of all rows after the other, each in a transaction of
// its own; others may use the file in between.
template <typename Change>
Status ParkedStore::change_in_pieces(const Change& change) {
  int64_t number = 0;
  for (;;) {
    const std::lock_guard lock(file_->mutex);
    SYNCLINE_ASSIGN(const std::optional<Piece> piece, piece_after(number));
    if (!piece) return {};
    ParkedCounts::Changes changes;
    storage::SqliteTransaction transaction(file_->database);
    SYNCLINE_RETURN_IF_ERROR(transaction.begin());
    SYNCLINE_RETURN_IF_ERROR(change(*piece, changes));
    SYNCLINE_RETURN_IF_ERROR(transaction.commit());
    counts_.take(changes);
    number = piece->last;
  }
}

// Takes the plan's documents of the piece out of the counts.
Status ParkedStore::uncount(const std::string& plan, const Piece& piece,
                            ParkedCounts::Changes& changes) {
  jobs_of_piece_.bind(piece.after, piece.last, plan);
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, jobs_of_piece_.step());
    if (!row) return {};
    changes[{plan, jobs_of_piece_.text(0)}] -= jobs_of_piece_.integer(1);
  }
}

Status ParkedStore::remove_plan(const std::string& plan) {
  {
    const std::lock_guard lock(asked_mutex_);
    all_asked_us_.erase(plan);
  }
  if (counts_.of_plan(plan) == 0) return {};
  return change_in_pieces([&](const Piece& piece, ParkedCounts::Changes& changes) -> Status {
    SYNCLINE_RETURN_IF_ERROR(uncount(plan, piece, changes));
    return delete_piece_.bind(piece.after, piece.last, plan).run();
  });
}

Status ParkedStore::assign(const std::string& plan, const std::string& job) {
  if (counts_.of_plan(plan) == counts_.of(plan, job)) return {};
  return change_in_pieces([&](const Piece& piece, ParkedCounts::Changes& changes) -> Status {
    SYNCLINE_RETURN_IF_ERROR(uncount(plan, piece, changes));
    for (const auto& [key, by] : ParkedCounts::Changes(changes)) changes[{plan, job}] -= by;
    return assign_piece_.bind(job, piece.after, piece.last, plan).run();
  });
}

void ParkedStore::hasten_all(const std::string& plan, int64_t now_us) {
  {
    const std::lock_guard lock(asked_mutex_);
    all_asked_us_[plan] = now_us;
  }
  ++hastened_;
}

int64_t ParkedStore::all_asked_us(const std::string& plan) const {
  const std::lock_guard lock(asked_mutex_);
  const auto asked = all_asked_us_.find(plan);
  return asked == all_asked_us_.end() ? 0 : asked->second;
}

Result<int64_t> ParkedStore::hasten(const std::string& plan, const std::vector<std::string>& ids) {
  if (ids.empty()) return int64_t{0};
  int64_t hastened = 0;
  const std::lock_guard lock(file_->mutex);
  storage::SqliteTransaction transaction(file_->database);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (const std::string& id : ids) {
    SYNCLINE_RETURN_IF_ERROR(hasten_.bind(plan, id).run());
    hastened += file_->database.changes();
  }
  SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  ++hastened_;
  return hastened;
}

std::set<std::string> ParkedStore::plans() const {
  std::set<std::string> plans;
  for (const auto& [plan, job] : counts_.keys()) plans.insert(plan);
  return plans;
}

}  // namespace syncline::retry

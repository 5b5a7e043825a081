#include "retry/parked_store.h"

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/failpoint.h"
#include "retry/sqlite_database.h"

namespace syncline {

namespace {

constexpr std::array<std::string_view, 1> kMigrations = {
    R"(CREATE TABLE parked (
         plan TEXT NOT NULL,
         id TEXT NOT NULL,
         job TEXT NOT NULL,
         status INTEGER NOT NULL,
         type TEXT NOT NULL,
         reason TEXT NOT NULL,
         attempts INTEGER NOT NULL,
         first_at_us INTEGER NOT NULL,
         last_at_us INTEGER NOT NULL,
         PRIMARY KEY (plan, id)
       ) WITHOUT ROWID)"};

// How many documents are parked, by name. Names with none are not held.
class Counts {
 public:
  int64_t of(const std::string& name) const {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  }
  void change(const std::string& name, int64_t by) {
    const int64_t now = counts_[name] += by;
    if (now <= 0) counts_.erase(name);
  }

 private:
  std::map<std::string, int64_t> counts_;
};

// What a transaction will have changed once it is committed.
struct Changes {
  std::map<std::string, int64_t> plans;
  std::map<std::string, int64_t> jobs;
};

}  // namespace

class ParkedStore::State {
 public:
  static Result<std::unique_ptr<State>> open(const std::string& path);

  Status add(const std::vector<ParkedDocument>& documents);
  Status remove(const std::string& plan, const std::vector<std::string>& ids);
  Status remove_plan(const std::string& plan);

  int64_t count_plan(const std::string& plan) const {
    const std::lock_guard lock(counts_mutex_);
    return plans_.of(plan);
  }
  int64_t count_job(const std::string& job) const {
    const std::lock_guard lock(counts_mutex_);
    return jobs_.of(job);
  }

 private:
  explicit State(SqliteDatabase database) : database_(std::move(database)) {}

  Status prepare();
  Status load_counts();
  Status add_one(const ParkedDocument& document, Changes& changes);
  Status remove_one(const std::string& plan, const std::string& id, Changes& changes);
  // The job of a parked document; nothing if it is not parked.
  Result<std::optional<std::string>> job_of(const std::string& plan, const std::string& id);
  Result<std::vector<std::string>> parked_among(const std::string& plan,
                                                const std::vector<std::string>& ids);
  void take(const Changes& changes);

  std::mutex database_mutex_;
  SqliteDatabase database_;
  SqliteStatement find_, insert_, update_, delete_, jobs_of_plan_, delete_plan_;

  // Apart from database_mutex_, so that a plan with nothing parked never waits for another plan's
  // fsync.
  mutable std::mutex counts_mutex_;
  Counts plans_, jobs_;
};

Result<std::unique_ptr<ParkedStore::State>> ParkedStore::State::open(const std::string& path) {
  SYNCLINE_ASSIGN(SqliteDatabase database, SqliteDatabase::open(path, kMigrations));
  std::unique_ptr<State> state(new State(std::move(database)));
  SYNCLINE_RETURN_IF_ERROR(state->prepare());
  SYNCLINE_RETURN_IF_ERROR(state->load_counts());
  return state;
}

Status ParkedStore::State::prepare() {
  SYNCLINE_ASSIGN(find_, database_.prepare("SELECT job FROM parked WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(insert_, database_.prepare("INSERT INTO parked (plan, id, job, status, type, "
                                             "reason, attempts, first_at_us, last_at_us) "
                                             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  SYNCLINE_ASSIGN(
      update_,
      database_.prepare(
          "UPDATE parked SET job=?, status=?, type=?, reason=?, attempts=attempts+1, last_at_us=? "
          "WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(delete_, database_.prepare("DELETE FROM parked WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(jobs_of_plan_,
                  database_.prepare("SELECT job, count(*) FROM parked WHERE plan=? GROUP BY job"));
  SYNCLINE_ASSIGN(delete_plan_, database_.prepare("DELETE FROM parked WHERE plan=?"));
  return {};
}

Status ParkedStore::State::load_counts() {
  SYNCLINE_ASSIGN(SqliteStatement all,
                  database_.prepare("SELECT plan, job, count(*) FROM parked GROUP BY plan, job"));
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, all.step());
    if (!row) return {};
    plans_.change(all.text(0), all.integer(2));
    jobs_.change(all.text(1), all.integer(2));
  }
}

Status ParkedStore::State::add(const std::vector<ParkedDocument>& documents) {
  if (documents.empty()) return {};
  const std::lock_guard lock(database_mutex_);
  Changes changes;
  SqliteTransaction transaction(database_);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (const ParkedDocument& document : documents) {
    SYNCLINE_RETURN_IF_ERROR(add_one(document, changes));
  }
  SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  take(changes);
  failpoint("parked_committed");
  return {};
}

Status ParkedStore::State::add_one(const ParkedDocument& document, Changes& changes) {
  SYNCLINE_ASSIGN(const std::optional<std::string> job, job_of(document.plan, document.id));
  changes.jobs[document.job] += 1;
  if (job) {
    changes.jobs[*job] -= 1;
    return update_
        .bind(document.job, int64_t{document.status}, document.type, document.reason,
              document.last_at_us, document.plan, document.id)
        .run();
  }
  changes.plans[document.plan] += 1;
  return insert_
      .bind(document.plan, document.id, document.job, int64_t{document.status}, document.type,
            document.reason, document.attempts, document.first_at_us, document.last_at_us)
      .run();
}

Result<std::optional<std::string>> ParkedStore::State::job_of(const std::string& plan,
                                                              const std::string& id) {
  SYNCLINE_ASSIGN(const bool parked, find_.bind(plan, id).step());
  std::optional<std::string> job;
  if (parked) job = find_.text(0);
  find_.reset();
  return job;
}

Result<std::vector<std::string>> ParkedStore::State::parked_among(
    const std::string& plan, const std::vector<std::string>& ids) {
  std::vector<std::string> parked;
  for (const std::string& id : ids) {
    SYNCLINE_ASSIGN(const std::optional<std::string> job, job_of(plan, id));
    if (job) parked.push_back(id);
  }
  return parked;
}

Status ParkedStore::State::remove(const std::string& plan, const std::vector<std::string>& ids) {
  if (ids.empty() || count_plan(plan) == 0) return {};
  const std::lock_guard lock(database_mutex_);
  // Looking first: a transaction costs an fsync, and nearly always none of the ids is parked.
  SYNCLINE_ASSIGN(const std::vector<std::string> parked, parked_among(plan, ids));
  if (parked.empty()) return {};
  Changes changes;
  SqliteTransaction transaction(database_);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (const std::string& id : parked) SYNCLINE_RETURN_IF_ERROR(remove_one(plan, id, changes));
  SYNCLINE_RETURN_IF_ERROR(transaction.commit());
  take(changes);
  return {};
}

Status ParkedStore::State::remove_one(const std::string& plan, const std::string& id,
                                      Changes& changes) {
  // Asked again: the same id may stand twice in the list.
  SYNCLINE_ASSIGN(const std::optional<std::string> job, job_of(plan, id));
  if (!job) return {};
  changes.plans[plan] -= 1;
  changes.jobs[*job] -= 1;
  return delete_.bind(plan, id).run();
}

Status ParkedStore::State::remove_plan(const std::string& plan) {
  if (count_plan(plan) == 0) return {};
  const std::lock_guard lock(database_mutex_);
  Changes changes;
  jobs_of_plan_.bind(plan);
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, jobs_of_plan_.step());
    if (!row) break;
    changes.jobs[jobs_of_plan_.text(0)] -= jobs_of_plan_.integer(1);
    changes.plans[plan] -= jobs_of_plan_.integer(1);
  }
  SYNCLINE_RETURN_IF_ERROR(delete_plan_.bind(plan).run());
  take(changes);
  return {};
}

void ParkedStore::State::take(const Changes& changes) {
  const std::lock_guard lock(counts_mutex_);
  for (const auto& [plan, by] : changes.plans) plans_.change(plan, by);
  for (const auto& [job, by] : changes.jobs) jobs_.change(job, by);
}

ParkedStore::ParkedStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParkedStore::~ParkedStore() = default;

Result<std::unique_ptr<ParkedStore>> ParkedStore::open(const std::string& path) {
  SYNCLINE_ASSIGN(std::unique_ptr<State> state, State::open(path));
  return std::unique_ptr<ParkedStore>(new ParkedStore(std::move(state)));
}

Status ParkedStore::add(const std::vector<ParkedDocument>& documents) {
  return state_->add(documents);
}

Status ParkedStore::remove(const std::string& plan, const std::vector<std::string>& ids) {
  return state_->remove(plan, ids);
}

Status ParkedStore::remove_plan(const std::string& plan) {
  return state_->remove_plan(plan);
}

int64_t ParkedStore::count(const std::string& plan) const {
  return state_->count_plan(plan);
}

int64_t ParkedStore::count_job(const std::string& job) const {
  return state_->count_job(job);
}

}  // namespace syncline

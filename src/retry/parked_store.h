// ParkedStore: the durable list of documents that the cluster refused, in SQLite in the data
// directory.
//
// Owner: main; shared by all plans, the retry schedule and REST. Thread-safe: writes go one after
// the other over one connection, looks over another. add() is durable before it returns: a plan's
// position may move past a change once its document is stored here. In memory are only counts and,
// for each plan with something parked, a filter of at most 1 MiB.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "retry/id_filter.h"
#include "retry/parked_counts.h"
#include "retry/parked_database.h"
#include "retry/parked_document.h"
#include "retry/parked_reader.h"

namespace syncline::retry {

class ParkedStore {
 public:
  static constexpr int64_t kAnyVersion = std::numeric_limits<int64_t>::max();

  // Opens or creates `path` with mode 0600 and brings its schema up. Error: needs_person.
  static Result<std::unique_ptr<ParkedStore>> open(const std::string& path,
                                                   RetryDelays delays = {});

  // Stores all of them in one transaction, each to be tried again after its delay; a document that
  // is parked already gets one attempt more and the new reason.
  Status add(const std::vector<ParkedDocument>& documents);
  // Documents of the plan that were written or deleted after all, by a composition of this version
  // or a newer one: it says nothing of those that a newer one yet was refused for. Ids that are not
  // parked are passed over cheaply; nothing is looked up where the plan has nothing parked.
  Status remove(const std::string& plan, const std::vector<std::string>& ids,
                int64_t version = kAnyVersion);
  // In pieces, so that nobody waits long for the file.
  Status remove_plan(const std::string& plan);
  // All documents of the plan stand on this job from now on; costs nothing if they do.
  Status assign(const std::string& plan, const std::string& job);

  // Makes documents due at once. All of the plan is a wish of the moment: it costs nothing, and a
  // restart forgets it. Some: how many of them are parked; durable.
  void hasten_all(const std::string& plan, int64_t now_us);
  Result<int64_t> hasten(const std::string& plan, const std::vector<std::string>& ids);
  // When all of the plan were asked for last; 0: never.
  int64_t all_asked_us(const std::string& plan) const;
  // Grows with each hasten: whoever remembers when something is due must look again.
  int64_t hastened() const { return hastened_.load(); }

  int64_t count(const std::string& plan) const { return counts_.of_plan(plan); }
  int64_t count(const std::string& plan, const std::string& job) const {
    return counts_.of(plan, job);
  }
  int64_t count_job(const std::string& job) const { return counts_.of_job(job); }
  // Those that have something parked.
  std::set<std::string> plans() const;

  const RetryDelays& delays() const { return delays_; }
  ParkedReader& reader() const { return *reader_; }
  // The connection for writing, with its mutex.
  std::shared_ptr<ParkedDatabase> writer() const { return file_; }

 private:
  // What is known of a parked document before it changes.
  struct Before {
    std::string job;
    int64_t attempts = 0;
    int64_t version = 0;
  };
  // Some of the rows, by number, that are dealt with in one transaction.
  struct Piece {
    int64_t after = 0, last = 0;
  };

  explicit ParkedStore(RetryDelays delays) : delays_(delays) {}

  Status prepare();
  Status prepare_pieces();
  Status load_counts();
  // All below: the file's mutex is held.
  Status add_one(const ParkedDocument& document, ParkedCounts::Changes& changes);
  Status remove_one(const std::string& plan, const std::string& id, int64_t version,
                    ParkedCounts::Changes& changes);
  Result<std::optional<Before>> find(const std::string& plan, const std::string& id);
  Result<std::optional<Piece>> piece_after(int64_t number);
  Status uncount(const std::string& plan, const Piece& piece, ParkedCounts::Changes& changes);
  // Except here: takes it for each piece.
  template <typename Change>
  Status change_in_pieces(const Change& change);
  // Those that may be parked: all that are, and a few others.
  Result<std::vector<std::string>> perhaps_parked(const std::string& plan,
                                                  const std::vector<std::string>& ids);
  void put_into_filters(const std::vector<ParkedDocument>& documents);

  const RetryDelays delays_;
  ParkedCounts counts_;
  std::atomic<int64_t> hastened_{0};
  mutable std::mutex asked_mutex_;
  std::map<std::string, int64_t> all_asked_us_;  // by plan
  std::mutex filters_mutex_;
  std::map<std::string, IdFilter> filters_;  // by plan; made when first needed
  std::unique_ptr<ParkedReader> reader_;
  std::shared_ptr<ParkedDatabase> file_;
  storage::SqliteStatement find_, insert_, update_, delete_, hasten_;
  storage::SqliteStatement piece_, jobs_of_piece_, delete_piece_, assign_piece_;
};

}  // namespace syncline::retry

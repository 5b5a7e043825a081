// VerifyStore: which verifications were asked for, and what each plan's last one found: durable in
// SQLite (DIR/verify.db), so that one under way when the process ends is begun again.
//
// Owner: main. Thread-safe. Place in the flow: REST asks, a plan's Verifier takes the request and
// tells how far it is, the status shows it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/job_status.h"
#include "storage/sqlite_database.h"

namespace syncline::verify {

struct VerifyRequest {
  uint64_t number = 0;  // another one with each request
  bool repair = false;
};

class VerifyStore {
 public:
  // Opens or creates the file with mode 0600. Error: needs_person.
  static Result<std::unique_ptr<VerifyStore>> open(const std::string& path);

  // Durable before it returns. A verification under way begins anew.
  Status ask(const std::string& plan, bool repair);
  // What was asked for and has not ended.
  std::optional<VerifyRequest> request(const std::string& plan) const;
  // Of the request that has not ended, else of the last one; nothing if there was none.
  std::optional<VerifyReport> report(const std::string& plan) const;
  // When the last one ended, whatever was asked since (wall clock, µs).
  int64_t ended_us(const std::string& plan) const;

  // How far it is. Both are dropped if another request has come since.
  void progress(const std::string& plan, uint64_t number, const VerifyReport& report);
  Status end(const std::string& plan, uint64_t number, const VerifyReport& report);

  // Forgets plans that no job has any more.
  Status forget(const std::function<bool(const std::string& plan)>& unwanted);

 private:
  struct Entry {
    std::optional<VerifyRequest> request;
    VerifyReport current;  // of the request
    std::optional<VerifyReport> last;
  };

  explicit VerifyStore(storage::SqliteDatabase database) : database_(std::move(database)) {}
  Status load();
  Status save(const std::string& plan, const Entry& entry);

  mutable std::mutex mutex_;
  storage::SqliteDatabase database_;
  std::map<std::string, Entry> entries_;
  uint64_t next_number_ = 1;
};

}  // namespace syncline::verify

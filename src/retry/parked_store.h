// ParkedStore: the durable list of documents that the cluster refused, in SQLite in the data
// directory.
//
// Owner: main; shared by all plans, thread-safe (one connection behind a mutex). add() is durable
// before it returns: a plan's position may move past a change once its document is stored here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace syncline {

struct ParkedDocument {
  std::string plan;  // "target/index"
  std::string job;   // whose row the document stands on
  std::string id;
  int status = 0;
  std::string type;
  std::string reason;
  int64_t attempts = 1;
  int64_t first_at_us = 0, last_at_us = 0;
};

class ParkedStore {
 public:
  // Opens or creates `path` with mode 0600 and brings its schema up. Error: pause_job.
  static Result<std::unique_ptr<ParkedStore>> open(const std::string& path);
  ~ParkedStore();

  // Stores all of them in one transaction; a document that is parked already gets one attempt more
  // and the new reason.
  Status add(const std::vector<ParkedDocument>& documents);
  // Documents of the plan that were written or deleted after all. Ids that are not parked are
  // passed over cheaply.
  Status remove(const std::string& plan, const std::vector<std::string>& ids);
  Status remove_plan(const std::string& plan);
  int64_t count(const std::string& plan) const;
  int64_t count_job(const std::string& job) const;

 private:
  class State;
  explicit ParkedStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace syncline

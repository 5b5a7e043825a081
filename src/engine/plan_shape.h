// PlanShape: what a plan's documents are made of, and what follows from how that differs from what
// they were last composed of. Pure.
//
// The text is stored with the plan (schema.sql, plan.shape): a line for the plan's kind and one for
// each job, name=definition; or the word `resync` while one that a user asked for is not over.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace syncline::engine {

struct JobShape {
  std::string job;
  std::string definition;
  // Documents without rows of this job hold something of it all the same: an empty array.
  bool shows_absence = false;
};

struct PlanShape {
  bool owned = true;
  std::vector<JobShape> jobs;  // ordered by name

  std::string text() const;
};

// Stored while a resync that a user asked for is not over: unowned documents go as well.
inline constexpr const char* kResyncShape = "resync";

// What an owned plan has to compose beside what its members load and log.
enum class OwnedStart {
  only_loads,    // nothing can be in the index yet but what is loaded now
  goes_on,       // every document is known to be composed
  sweep,         // documents may hold what no load brings: they are swept
  sweep_resync,  // likewise, unowned ones too
};

struct OwnedFacts {
  bool created = false;           // the index, just now
  bool all_started_over = false;  // every member loads from its beginning
  std::optional<std::string> stored;
};
OwnedStart decide_owned(const PlanShape& now, const OwnedFacts& facts);

// Whether every document of a foreign index has to be looked at: any difference but a job less.
bool looks_at_all(const PlanShape& now, bool all_loaded, const std::optional<std::string>& stored);

}  // namespace syncline::engine

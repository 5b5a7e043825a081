#include "engine/plan_shape.h"

#include <algorithm>
#include <set>

namespace syncline::engine {

namespace {

std::string line_of(const JobShape& job) {
  return job.job + "=" + job.definition;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Whether documents have to be composed that no load of a member brings: those that held what a job
// gave that is gone or changed, and for a new array those without rows, which hold an empty one.
bool needs_sweep(const PlanShape& shape, const std::optional<std::string>& stored) {
  if (!stored) return true;
  const std::set<std::string> before = lines_of(*stored);
  const std::set<std::string> now = lines_of(shape.text());
  if (!std::ranges::includes(now, before)) return true;
  return std::ranges::any_of(shape.jobs, [&](const JobShape& job) {
    return job.shows_absence && !before.contains(line_of(job));
  });
}

}  // namespace

std::string PlanShape::text() const {
  std::string text = owned ? "owned\n" : "foreign\n";
  for (const JobShape& job : jobs) text += line_of(job) + "\n";
  return text;
}

OwnedStart decide_owned(const PlanShape& now, const OwnedFacts& facts) {
  if (facts.created && facts.all_started_over) return OwnedStart::only_loads;
  if (!facts.all_started_over && !needs_sweep(now, facts.stored)) return OwnedStart::goes_on;
  return facts.stored == kResyncShape ? OwnedStart::sweep_resync : OwnedStart::sweep;
}

bool looks_at_all(const PlanShape& now, bool all_loaded, const std::optional<std::string>& stored) {
  return !all_loaded || !std::ranges::includes(lines_of(stored.value_or("")), lines_of(now.text()));
}

}  // namespace syncline::engine

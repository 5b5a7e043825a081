// Resolver: from the keys of changed property rows to the documents that they touch.
//
// Owner: a plan's stream and loader, one each. Place in the flow: keys → [ids] → compose. It gives
// a superset: composing decides what a document really holds.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/member.h"

namespace syncline::compose {

struct PlanContext;

struct ResolvedPage {
  std::vector<std::string> ids;
  // Keys of further properties, where the field is one that a property sets: to be resolved in
  // turn.
  std::vector<std::pair<const Member*, std::string>> keys;
  // Where to go on; nothing after the last page.
  std::optional<std::string> resume;

  size_t size() const { return ids.size() + keys.size(); }
};

class Resolver {
 public:
  Resolver() = default;
  virtual ~Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // All that these keys of a property member touch, if it is at most `max`; else nothing: ask for
  // fewer keys, or page by page. Error: retry, needs_person.
  virtual Result<std::optional<ResolvedPage>> all(const Member& property,
                                                  std::span<const std::string> keys,
                                                  size_t max) = 0;
  // What one key touches, page by page: resume is empty at first, then what the last page said.
  virtual Result<ResolvedPage> page(const Member& property, const std::string& key,
                                    const std::string& resume) = 0;
};

// The resolver for the plan's kind. Both arguments outlive it.
std::unique_ptr<Resolver> make_resolver(PlanContext& context, const StopSignal& stop);

}  // namespace syncline::compose

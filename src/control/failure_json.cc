#include "control/failure_json.h"

#include <charconv>
#include <set>

#include "control/object_reader.h"
#include "control/status_json.h"

namespace syncline::control {

namespace {

std::optional<size_t> page_limit(const std::string& text) {
  size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc() || stopped != end) return std::nullopt;
  if (limit < 1 || limit > kFailuresPageMax) return std::nullopt;
  return limit;
}

}  // namespace

FailureQuery parse_failure_query(const QueryParameters& parameters, Faults& faults) {
  FailureQuery query;
  std::set<std::string> seen;
  for (const auto& [name, value] : parameters) {
    if (name != "limit" && name != "after") {
      faults.add(name, "is not known here; limit and after are");
    } else if (!seen.insert(name).second) {
      faults.add(name, "is given twice");
    } else if (name == "after") {
      query.after = value;
    } else if (const auto limit = page_limit(value)) {
      query.limit = *limit;
    } else {
      faults.add(name, "must be a whole number from 1 to " + std::to_string(kFailuresPageMax));
    }
  }
  return query;
}

std::optional<std::vector<std::string>> parse_failure_ids(const Json& body, Faults& faults) {
  if (body.is_null()) return std::nullopt;
  ObjectReader reader(body, "", faults);
  const Json* const array = reader.array("ids", Need::optional);
  reader.finish();
  if (array == nullptr) return std::nullopt;
  if (array->size() > kFailuresRetryMax) {
    faults.add("ids", "must not be more than " + std::to_string(kFailuresRetryMax));
    return std::nullopt;
  }
  std::vector<std::string> ids;
  for (size_t i = 0; i < array->size(); ++i) {
    const Json& id = (*array)[i];
    if (id.is_string()) {
      ids.push_back(id.get<std::string>());
    } else {
      faults.add(element_path("ids", i), "must be a string");
    }
  }
  return ids;
}

Json failure_json(const Failure& failure) {
  return {{"id", failure.id},
          {"status", failure.status},
          {"type", failure.type},
          {"reason", failure.reason},
          {"attempts", failure.attempts},
          {"first_at", utc_text(failure.first_at_us)},
          {"last_at", utc_text(failure.last_at_us)},
          {"next_at", utc_text(failure.next_at_us)}};
}

Json failure_page_json(const FailurePage& page) {
  Json items = Json::array();
  for (const Failure& failure : page.items) items.push_back(failure_json(failure));
  return {{"items", std::move(items)}, {"next", page.next ? Json(*page.next) : Json(nullptr)}};
}

}  // namespace syncline::control

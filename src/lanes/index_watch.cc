#include "lanes/index_watch.h"

namespace syncline::lanes {

namespace {

constexpr auto kInterval = std::chrono::seconds(1);
// Where a bulk could make the index: before each that follows a pause.
constexpr auto kUnguardedInterval = std::chrono::milliseconds(100);
constexpr auto kIdleInterval = std::chrono::seconds(10);

}  // namespace

Status IndexWatch::check(Writing writing) {
  const bool guarded = context_.write_name != context_.admin.index();
  const Duration busy = guarded ? Duration(kInterval) : Duration(kUnguardedInterval);
  const Duration interval = writing == Writing::yes ? busy : Duration(kIdleInterval);
  if (context_.clock.now() - checked_at_ < interval) return {};
  checked_at_ = context_.clock.now();
  SYNCLINE_ASSIGN(const auto index, context_.admin.describe());
  const std::string uuid = index ? index->uuid : "";
  if (uuid != prepared_.uuid) {
    if (!index) return Error::retry("the index was deleted; it is created and loaded again");
    return Error::retry(prepared_.uuid.empty()
                            ? "the index is there now; its documents are looked at"
                            : "the index was replaced by another one; it is loaded again");
  }
  if (index && index->owner != prepared_.owner)
    return Error::retry("the index has another keeper; it is looked at anew");
  return {};
}

}  // namespace syncline::lanes

#include "compose/version_counter.h"

#include "base/log.h"

namespace syncline::compose {

Result<int64_t> VersionCounter::take() {
  SYNCLINE_ASSIGN(const int64_t version, records_.take_version(number_));
  int64_t seen = highest_.load();
  while (seen < version && !highest_.compare_exchange_weak(seen, version)) {
  }
  return version;
}

Status VersionCounter::raise_above(int64_t version) {
  spdlog::warn("the index holds version {}, above all of ours; counting on from there", version);
  return records_.raise_version(number_, version + 1);
}

}  // namespace syncline::compose

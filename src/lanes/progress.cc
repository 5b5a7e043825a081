#include "lanes/progress.h"

#include <utility>

namespace syncline::lanes {

Status Progress::done(WorkTable::Reached reached) {
  if (reached.batch > read_ || reached.batch <= done_) {
    return Error::bug("batch " + std::to_string(reached.batch) + " is done, but " +
                      std::to_string(read_) + " is the last one that was read and " +
                      std::to_string(done_) + " was done before");
  }
  done_ = reached.batch;
  position_ = std::move(reached.position);
  return {};
}

Status Progress::save() {
  if (!unsaved()) return {};
  SYNCLINE_RETURN_IF_ERROR(store_(*position_));
  saved_ = done_;
  position_.reset();
  return {};
}

}  // namespace syncline::lanes

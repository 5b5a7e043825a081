#include "lanes/load_checkpoint.h"

namespace syncline::lanes {

void LoadCheckpoint::begin(const Reached& from) {
  marks_.clear();
  reached_ = from;
}

uint64_t LoadCheckpoint::submitted(const Reached& reached) {
  marks_.push_back({next_tag_, false, reached});
  return next_tag_++;
}

bool LoadCheckpoint::acknowledged(uint64_t tag) {
  for (Mark& mark : marks_) {
    if (mark.tag == tag) mark.acknowledged = true;
  }
  bool moved = false;
  for (; !marks_.empty() && marks_.front().acknowledged; marks_.pop_front()) {
    reached_ = marks_.front().reached;
    moved = true;
  }
  return moved;
}

}  // namespace syncline::lanes

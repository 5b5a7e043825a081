// LoadCheckpoint: from where a COPY may be gone on with: the block before which every row's
// document is acknowledged. Bodies overtake one another; the checkpoint moves without a gap.
//
// Owner: LoadBodies, on the loader's thread. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace syncline::lanes {

class LoadCheckpoint {
 public:
  // Going on at this block misses none of the rows that are not yet in a body.
  struct Reached {
    int64_t block = 0;
    int64_t rows_before_block = 0;
    bool operator==(const Reached&) const = default;
  };

  void begin(const Reached& from);
  // A body is on its way; when it and all before are acknowledged, so much is reached. Its tag.
  uint64_t submitted(const Reached& reached);
  // True: the checkpoint moved.
  bool acknowledged(uint64_t tag);

  size_t bodies() const { return marks_.size(); }  // on their way, or behind one that is
  const Reached& reached() const { return reached_; }

 private:
  struct Mark {
    uint64_t tag = 0;
    bool acknowledged = false;
    Reached reached;
  };

  Reached reached_;
  std::deque<Mark> marks_;
  uint64_t next_tag_ = 1;
};

}  // namespace syncline::lanes

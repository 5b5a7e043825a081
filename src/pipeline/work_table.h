// WorkTable: the documents that a plan has to compose, and which positions wait for them.
//
// Owner: a plan's thread, alone. It holds the rule that one document has at most one composition on
// its way: a document touched again while its composition is under way is composed once more when
// the answer is there. Documents touched by several batches are composed once. A feed (one member's
// change log) moves its position when all documents of its batches up to there are done.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/position.h"

namespace syncline {

class WorkTable {
 public:
  // Batches of one feed end in the order in which they began; those of different feeds do not wait
  // for each other.
  uint64_t begin_batch(int feed);
  void add(uint64_t batch, const std::string& id);
  // The batch is complete; its position (if it ends at one) is reached when its documents are done.
  void seal(uint64_t batch, std::optional<Position> position);

  // Up to `max` documents that wait, in the order in which they came; they are under way from now
  // on.
  std::vector<std::string> take(size_t max);
  // The document's composition has its answer.
  void done(const std::string& id);
  // Its answer says: compose again.
  void again(const std::string& id);

  // The newest position that a feed has reached since the last call, if it moved.
  std::optional<Position> take_position(int feed);
  // Whether a batch of the feed is still open or has documents outstanding.
  bool feed_is_clear(int feed) const;
  // Whether every batch that began up to this one has ended.
  bool ended(uint64_t batch) const;
  uint64_t last_batch() const { return next_batch_ - 1; }
  size_t open_batches() const { return feed_of_.size(); }
  size_t open_batches(int feed) const;

  size_t size() const { return documents_.size(); }
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Document {
    bool under_way = false;
    bool touched_again = false;
    std::vector<uint64_t> batches;  // that wait for the composition that is waiting or under way
    std::vector<uint64_t> later_batches;  // that touched it while it was under way
  };
  struct Batch {
    uint64_t number = 0;
    int64_t outstanding = 0;
    bool sealed = false;
    std::optional<Position> position;
  };
  struct Feed {
    std::deque<Batch> batches;
    std::optional<Position> reached;
  };

  Batch* find(uint64_t batch);
  void release(const std::vector<uint64_t>& batches);
  void advance(Feed& feed);

  std::unordered_map<std::string, Document> documents_;
  std::deque<std::string> waiting_;
  std::map<int, Feed> feeds_;
  std::unordered_map<uint64_t, int> feed_of_;
  uint64_t next_batch_ = 1;
};

}  // namespace syncline

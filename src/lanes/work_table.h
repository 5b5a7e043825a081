// WorkTable: the documents that a plan has to compose, and which positions wait for them.
//
// Owner: a plan's thread, alone. It holds the rule that one document has at most one composition on
// its way: a document touched again while its composition is under way is composed once more when
// the answer is there. Documents touched by several batches are composed once. A feed (one member's
// change log) moves its position when all documents of its batches up to there are done.
// Documents of patient batches (sweeps, large fan-outs) give way to all others, but for a turn now
// and then.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/position.h"
#include "compose/touch_watch.h"

namespace syncline::lanes {

// One reason for composing documents (Feed), as the table knows it.
enum class FeedId : uint32_t {};

class WorkTable {
 public:
  // Is told of every document that is added; outlives it.
  explicit WorkTable(compose::TouchWatch& touches) : touches_(touches) {}

  // A feed of its own for whoever asks.
  FeedId open_feed();

  enum class Haste { urgent, patient };
  // Batches of one feed end in the order in which they began; those of different feeds do not wait
  // for each other.
  uint64_t begin_batch(FeedId feed, Haste haste = Haste::urgent);
  void add(uint64_t batch, const std::string& id);
  // The batch is complete; its position (if it ends at one) is reached when its documents are done.
  void seal(uint64_t batch, std::optional<capture::Position> position);
  // A batch of these ids and no position; none if there are no ids.
  void add_all(FeedId feed, const std::vector<std::string>& ids, Haste haste);

  // Up to `max` documents that wait, the urgent ones first (but now and then the patient ones, so
  // that they get on whatever comes), else in the order in which they came; they are under way from
  // now on. Never urgent and patient ones together.
  std::vector<std::string> take(size_t max);
  // The document's composition has its answer.
  void done(const std::string& id);
  // Its answer says: compose again.
  void again(const std::string& id);

  struct Reached {
    uint64_t batch = 0;  // the last one up to there
    capture::Position position;
  };
  // The newest position that a feed has reached since the last call, if it moved.
  std::optional<Reached> take_reached(FeedId feed);
  // Whether a batch of the feed is still open or has documents outstanding.
  bool feed_is_clear(FeedId feed) const;
  // Whether every batch that began up to this one has ended.
  bool ended(uint64_t batch) const;
  uint64_t last_batch() const { return next_batch_ - 1; }
  size_t open_batches() const { return feed_of_.size(); }
  size_t open_batches(FeedId feed) const;

  size_t size() const { return documents_.size(); }
  size_t waiting() const { return waiting_; }
  size_t id_bytes() const { return id_bytes_; }  // of all documents

 private:
  struct Document {
    bool under_way = false;
    bool urgent = false;  // while it waits: in which of the queues it counts
    bool touched_again = false;
    std::vector<uint64_t> batches;  // that wait for the composition that is waiting or under way
    std::vector<uint64_t> later_batches;  // that touched it while it was under way
  };
  struct Batch {
    uint64_t number = 0;
    int64_t outstanding = 0;
    Haste haste = Haste::urgent;
    bool sealed = false;
    std::optional<capture::Position> position;
  };
  struct OpenFeed {
    std::deque<Batch> batches;
    std::optional<Reached> reached;
  };

  OpenFeed& of(FeedId feed) { return feeds_[static_cast<size_t>(feed)]; }
  const OpenFeed& of(FeedId feed) const { return feeds_[static_cast<size_t>(feed)]; }
  Batch* find(uint64_t batch);
  void enqueue(const std::string& id, Document& document, bool urgent);
  std::vector<std::string> take_from(std::deque<std::string>& queue, bool urgent, size_t max);
  void release(const std::vector<uint64_t>& batches);
  void advance(OpenFeed& feed);

  compose::TouchWatch& touches_;
  std::unordered_map<std::string, Document> documents_;
  // A document that became urgent while it waited stands in both: the first place counts.
  std::deque<std::string> urgent_, patient_;
  size_t waiting_ = 0;
  size_t id_bytes_ = 0;
  uint64_t takes_ = 0;
  std::vector<OpenFeed> feeds_;  // by FeedId
  std::unordered_map<uint64_t, FeedId> feed_of_;
  uint64_t next_batch_ = 1;
};

}  // namespace syncline::lanes

// RowReader: reads the rows of several nodes for a page of keys, on a few connections at once.
//
// Owner: a composer, one thread. Place in the flow: ids → [rows of every node] → JSON. A row
// counts only if the key of its own link is the key asked, byte for byte.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_signal.h"
#include "compose/shape.h"

namespace syncline::compose {

// A row of an answer; it lives as long as the FoundRows that gave it.
struct RowPlace {
  const postgres::Rows* rows = nullptr;
  int row = 0;

  explicit operator bool() const { return rows != nullptr; }
  std::optional<std::string_view> value(size_t column) const {
    return rows->get(row, static_cast<int>(column));
  }
  // All values, into `values`.
  void read(size_t columns, std::vector<std::optional<std::string_view>>& values) const;
};

// One node's rows for the keys of a lookup, by the key's place in it.
class FoundRows {
 public:
  RowPlace one(size_t key) const { return places_.empty() ? RowPlace() : places_[key]; }
  // Of an array, in their order.
  std::span<const RowPlace> all(size_t key) const { return lists_[key]; }
  // Why the key's rows, though there, cannot be read; null: they can.
  const std::string* unreadable(size_t key) const {
    const auto found = unreadable_.find(key);
    return found == unreadable_.end() ? nullptr : &found->second;
  }

 private:
  friend class RowReader;
  friend class RowsForTest;
  std::vector<postgres::Rows> parts_;
  std::vector<RowPlace> places_;
  std::vector<std::vector<RowPlace>> lists_;
  std::map<size_t, std::string> unreadable_;
};

class RowReader {
 public:
  struct Lookup {
    const Node* node = nullptr;
    std::span<const std::string> keys;  // distinct
    FoundRows* found = nullptr;
  };

  explicit RowReader(const StopSignal& stop) : stop_(stop) {}

  // How many bytes of rows are read from now on, by all lookups together.
  void allow(size_t bytes) { bytes_left_ = bytes; }
  // Answers all lookups. False: there are more rows than are held at once, ask for fewer keys.
  // Error: retry; needs_person where several rows without a key claim one place.
  Result<bool> read(std::span<Lookup> lookups);

  // Bytes and rows of all answers so far.
  size_t bytes_read() const { return bytes_read_; }
  size_t rows_read() const { return rows_read_; }

 private:
  struct Work {
    Lookup* lookup = nullptr;
    postgres::Session* session = nullptr;
    size_t round = 0;  // those of one session go one after the other
    std::vector<std::vector<std::string>> links;
    std::vector<size_t> places;  // of the links' keys
    bool begun = false;
  };

  Result<std::vector<postgres::SessionPool::Lease>> assign_sessions(std::vector<Work>& works);
  Result<bool> read_round(std::span<Work> works, size_t round);
  Status end(Work& work, bool& complete);
  Status take_rows(Work& work);

  const StopSignal& stop_;
  size_t bytes_left_ = 0;
  size_t bytes_read_ = 0;
  size_t rows_read_ = 0;
  std::vector<std::optional<std::string_view>> link_;
};

}  // namespace syncline::compose

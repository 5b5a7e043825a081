// DataDirectory: the folder that holds the state, private to its owner, and the lock that makes it
// one process's own.
//
// Owner: main, for as long as the process serves. The lock goes with the object or the process.
#pragma once

#include <string>

#include "base/result.h"

namespace syncline::control {

class DataDirectory {
 public:
  // Creates the folder (mode 0700, parents too) where it is missing, and locks it. Error:
  // needs_person, naming the folder (not writable, or in use by another process).
  static Result<DataDirectory> open(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;  // the open lock file, -1 when moved from
};

}  // namespace syncline::control

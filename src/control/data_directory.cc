#include "control/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace syncline::control {

namespace {

Error failed(const std::string& path, const std::string& reason) {
  return Error::needs_person("cannot use the data directory " + path + ": " + reason);
}

Status create_folder(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return failed(path, error.message());
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return failed(path, std::strerror(errno));
  }
  return {};
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path) {
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  SYNCLINE_RETURN_IF_ERROR(create_folder(folder));
  const std::string lock_path = folder + "/lock";
  const int lock =
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (lock < 0) return failed(folder, std::strerror(errno));
  DataDirectory directory(folder, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return directory;
  if (errno != EWOULDBLOCK) return failed(folder, std::strerror(errno));
  return failed(folder, "another Syncline is running on it");
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace syncline::control

// StopSignal: a flag that ends waits, in memory and on sockets alike.
//
// Owner: whoever stops something; watched by what is to be stopped. raise() and raised() from any
// thread.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace syncline {

class StopSignal {
 public:
  StopSignal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~StopSignal() { ::close(fd_); }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void raise() {
    raised_.store(true);
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  bool raised() const { return raised_.load(); }
  // Readable once raised, for ever.
  int fd() const { return fd_; }
  // Waits for at most so long. True once raised.
  bool wait_for(std::chrono::nanoseconds duration) const {
    pollfd fd{fd_, POLLIN, 0};
    ::poll(&fd, 1,
           static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
    return raised();
  }

 private:
  int fd_;
  std::atomic<bool> raised_{false};
};

}  // namespace syncline

// A socket that listens for clients.
#pragma once

#include <string>

namespace syncline::api {

struct ListeningSocket {
  int descriptor = -1;  // the caller's to close; -1: the address cannot be had
  int port = 0;         // the one that was taken
};

// `port` 0: any free one. Never shares an address with another socket. Does not block.
ListeningSocket listen_on(const std::string& address, int port);

}  // namespace syncline::api

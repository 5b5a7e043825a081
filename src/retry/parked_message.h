// ParkedMessage: what the message of a parked document says. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncline::retry {

struct ParkedMessage {
  std::string instance;  // of the Syncline that sent it
  std::string plan, job, id;
  std::string nonce;
};

std::string message_text(const ParkedMessage& message);
// Nothing: not written by a Syncline.
std::optional<ParkedMessage> read_message(std::string_view text);

}  // namespace syncline::retry

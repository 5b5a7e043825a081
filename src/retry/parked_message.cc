#include "retry/parked_message.h"

#include <nlohmann/json.hpp>

namespace syncline::retry {

namespace {

using nlohmann::json;

}  // namespace

std::string message_text(const ParkedMessage& message) {
  const json text = {{"syncline", message.instance},
                     {"plan", message.plan},
                     {"job", message.job},
                     {"id", message.id},
                     {"nonce", message.nonce}};
  return text.dump(-1, ' ', true, json::error_handler_t::replace);
}

std::optional<ParkedMessage> read_message(std::string_view text) {
  const json read = json::parse(text, nullptr, false);
  if (!read.is_object()) return std::nullopt;
  ParkedMessage message;
  for (const auto& [name, field] :
       {std::pair<const char*, std::string*>{"syncline", &message.instance},
        {"plan", &message.plan},
        {"job", &message.job},
        {"id", &message.id},
        {"nonce", &message.nonce}}) {
    const auto found = read.find(name);
    if (found == read.end() || !found->is_string()) return std::nullopt;
    *field = found->get<std::string>();
  }
  return message;
}

}  // namespace syncline::retry

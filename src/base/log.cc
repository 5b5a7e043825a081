#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <cctype>
#include <utility>

namespace syncline {

namespace {
constexpr size_t kReasonBytesMax = 500;
}

void configure_log(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("syncline");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
  spdlog::flush_on(spdlog::level::info);
}

// Quoted text, in either kind of quotes, may be a field's value.
std::string mask_values(std::string_view reason) {
  std::string masked;
  char quote = '\0';
  char before = ' ';
  for (const char c : reason) {
    const bool apostrophe =
        c == '\'' && std::isalnum(static_cast<unsigned char>(before)) != 0;  // can't
    if (quote != '\0') {
      if (c == quote) masked += std::exchange(quote, '\0');
    } else if ((c == '\'' && !apostrophe) || c == '"') {
      quote = c;
      masked += c;
      masked += "…";
    } else {
      masked += c == '\n' ? ' ' : c;
    }
    before = c;
    if (masked.size() >= kReasonBytesMax) break;
  }
  return masked;
}

}  // namespace syncline

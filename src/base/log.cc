#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cctype>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "base/secret_mask.h"

namespace syncline {

namespace {

constexpr size_t kReasonBytesMax = 500;
constexpr size_t kSecretsMax = 1000;

// Hands messages on to another sink, without the secrets.
class MaskingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit MaskingSink(spdlog::sink_ptr next) : next_(std::move(next)) {}

  void hide(std::string_view user, std::string_view secret) {
    const std::lock_guard lock(mutex_);
    const std::pair<std::string, std::string> login(user, secret);
    std::erase(logins_, login);
    logins_.push_back(login);
    if (logins_.size() > kSecretsMax) {
      logins_.pop_front();
      secrets_ = SecretMask();
      for (const auto& [name, password] : logins_) secrets_.add_login(name, password);
    }
    secrets_.add_login(user, secret);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string masked = secrets_.mask({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg harmless = message;
    harmless.payload = masked;
    next_->log(harmless);
  }
  void flush_() override { next_->flush(); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    next_->set_formatter(std::move(formatter));
  }
  void set_pattern_(const std::string& pattern) override { next_->set_pattern(pattern); }

 private:
  const spdlog::sink_ptr next_;
  std::deque<std::pair<std::string, std::string>> logins_;  // the latest last
  SecretMask secrets_;
};

}  // namespace

void hide_in_log(std::string_view secret, std::string_view user) {
  for (const spdlog::sink_ptr& sink : spdlog::default_logger()->sinks()) {
    if (auto* masking = dynamic_cast<MaskingSink*>(sink.get())) masking->hide(user, secret);
  }
}

void configure_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(
      "syncline",
      std::make_shared<MaskingSink>(std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
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

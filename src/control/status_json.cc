#include "control/status_json.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace syncline {

namespace {

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

Json optional_number(const std::optional<int64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json optional_time(const std::optional<int64_t>& time_us) {
  return time_us ? Json(utc_text(*time_us)) : Json(nullptr);
}

Json error_json(const std::optional<JobError>& error) {
  if (!error) return nullptr;
  return {{"kind", error->kind}, {"message", error->message}, {"since", utc_text(error->since_us)}};
}

}  // namespace

std::string_view state_word(JobState state) {
  switch (state) {
    case JobState::starting:
      return "starting";
    case JobState::loading:
      return "loading";
    case JobState::live:
      return "live";
    case JobState::paused:
      return "paused";
    case JobState::waiting:
      return "waiting";
    case JobState::failed:
      return "failed";
  }
  return "failed";
}

std::string utc_text(int64_t time_us) {
  int64_t fraction = time_us % kMicrosecondsPerSecond;
  if (fraction < 0) fraction += kMicrosecondsPerSecond;
  const auto seconds = static_cast<std::time_t>((time_us - fraction) / kMicrosecondsPerSecond);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> tail{};
  std::snprintf(tail.data(), tail.size(), ".%06dZ", static_cast<int>(fraction));
  return std::string(text.data(), length) + tail.data();
}

Json status_json(const JobStatus& status) {
  return {{"name", status.name},
          {"state", state_word(status.state)},
          {"load",
           {{"rows_done", status.load.rows_done},
            {"rows_estimate", optional_number(status.load.rows_estimate)},
            {"started_at", optional_time(status.load.started_at_us)},
            {"finished_at", optional_time(status.load.finished_at_us)}}},
          {"lag", {{"changes", status.lag.changes}, {"seconds", status.lag.seconds}}},
          {"documents",
           {{"indexed", status.documents.indexed},
            {"deleted", status.documents.deleted},
            {"conflicts", status.documents.conflicts},
            {"strangers", status.documents.strangers}}},
          {"parked", status.parked},
          {"error", error_json(status.error)},
          {"warnings", status.warnings}};
}

}  // namespace syncline

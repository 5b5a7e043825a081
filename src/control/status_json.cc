#include "control/status_json.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace syncline::control {

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

std::string_view kind_word(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::missing:
      return "missing";
    case Difference::Kind::extra:
      return "extra";
    case Difference::Kind::different:
      break;
  }
  return "different";
}

std::string_view verify_word(VerifyReport::State state) {
  switch (state) {
    case VerifyReport::State::waiting:
      return "waiting";
    case VerifyReport::State::running:
      return "running";
    case VerifyReport::State::done:
      return "done";
    case VerifyReport::State::failed:
      break;
  }
  return "failed";
}

// A document to look at: whole where it is small, else how it begins.
Json document_json(const std::string& document) {
  if (document.empty()) return nullptr;
  if (document.size() > Difference::kShownBytesMax) {
    size_t cut = Difference::kShownBytesMax;
    while ((static_cast<unsigned char>(document[cut]) & 0xC0) == 0x80) --cut;  // whole characters
    return document.substr(0, cut) + "…";
  }
  Json parsed = Json::parse(document, nullptr, false);
  return parsed.is_discarded() ? Json(document) : parsed;
}

Json sample_json(const Difference& sample) {
  Json expected = document_json(sample.expected), found = document_json(sample.found);
  if (expected == found) {  // in digits that a double does not hold
    expected = sample.expected;
    found = sample.found;
  }
  return {{"id", sample.id},
          {"kind", kind_word(sample.kind)},
          {"expected", std::move(expected)},
          {"found", std::move(found)}};
}

Json verify_json(const std::optional<VerifyReport>& report) {
  if (!report) return nullptr;
  Json samples = Json::array();
  for (const Difference& sample : report->samples) samples.push_back(sample_json(sample));
  return {{"state", verify_word(report->state)},
          {"repair", report->repair},
          {"progress", report->progress},
          {"checked", report->checked},
          {"missing", report->missing},
          {"extra", report->extra},
          {"different", report->different},
          {"repaired", report->repaired},
          {"samples", std::move(samples)},
          {"error", report->error.empty() ? Json(nullptr) : Json(report->error)},
          {"ended_at", report->ended_us == 0 ? Json(nullptr) : Json(utc_text(report->ended_us))}};
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
  Json json = {{"name", status.name},
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
               {"warnings", status.warnings},
               {"verify", verify_json(status.verify)}};
  if (status.as_of_us) json["as_of"] = utc_text(*status.as_of_us);
  return json;
}

}  // namespace syncline::control

#include "verify/verify_store.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace syncline::verify {

namespace {

using nlohmann::json;

// asked: 0 nothing, 1 to compare, 2 to repair as well.
constexpr std::array<std::string_view, 1> kMigrations = {
    R"(CREATE TABLE verification (
         plan TEXT PRIMARY KEY,
         asked INTEGER NOT NULL,
         report TEXT NOT NULL
       ) WITHOUT ROWID)"};

constexpr int kAskedToCompare = 1;
constexpr int kAskedToRepair = 2;

std::string report_text(const VerifyReport& report) {
  json samples = json::array();
  for (const Difference& sample : report.samples)
    samples.push_back({static_cast<int>(sample.kind), sample.id, sample.expected, sample.found});
  return json{{"failed", report.state == VerifyReport::State::failed},
              {"repair", report.repair},
              {"checked", report.checked},
              {"missing", report.missing},
              {"extra", report.extra},
              {"different", report.different},
              {"repaired", report.repaired},
              {"samples", std::move(samples)},
              {"error", report.error},
              {"ended_us", report.ended_us}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<VerifyReport> read_report(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    const json stored = json::parse(text);
    VerifyReport report;
    report.state =
        stored.at("failed") == true ? VerifyReport::State::failed : VerifyReport::State::done;
    report.progress = report.state == VerifyReport::State::done ? 1 : 0;
    stored.at("repair").get_to(report.repair);
    stored.at("checked").get_to(report.checked);
    stored.at("missing").get_to(report.missing);
    stored.at("extra").get_to(report.extra);
    stored.at("different").get_to(report.different);
    stored.at("repaired").get_to(report.repaired);
    stored.at("error").get_to(report.error);
    stored.at("ended_us").get_to(report.ended_us);
    for (const json& sample : stored.at("samples")) {
      report.samples.push_back({static_cast<Difference::Kind>(sample.at(0).get<int>()),
                                sample.at(1), sample.at(2), sample.at(3)});
    }
    return report;
  } catch (const json::exception& e) {
    spdlog::warn("the report of a verification cannot be read: {}", e.what());
    return std::nullopt;
  }
}

VerifyReport waiting(bool repair) {
  VerifyReport report;
  report.repair = repair;
  return report;
}

}  // namespace

Result<std::unique_ptr<VerifyStore>> VerifyStore::open(const std::string& path) {
  SYNCLINE_ASSIGN(storage::SqliteDatabase database,
                  storage::SqliteDatabase::open(path, kMigrations));
  std::unique_ptr<VerifyStore> store(new VerifyStore(std::move(database)));
  SYNCLINE_RETURN_IF_ERROR(store->load());
  return store;
}

Status VerifyStore::load() {
  SYNCLINE_ASSIGN(storage::SqliteStatement rows,
                  database_.prepare("SELECT plan, asked, report FROM verification"));
  for (;;) {
    SYNCLINE_ASSIGN(const bool found, rows.step());
    if (!found) return {};
    Entry& entry = entries_[rows.text(0)];
    const int64_t asked = rows.integer(1);
    entry.last = read_report(rows.text(2));
    if (asked == 0) continue;
    entry.request = VerifyRequest{next_number_++, asked == kAskedToRepair};
    entry.current = waiting(entry.request->repair);
  }
}

Status VerifyStore::save(const std::string& plan, const Entry& entry) {
  const std::string report = entry.last ? report_text(*entry.last) : "";
  int64_t asked = 0;
  if (entry.request) asked = entry.request->repair ? kAskedToRepair : kAskedToCompare;
  SYNCLINE_ASSIGN(
      storage::SqliteStatement statement,
      database_.prepare("INSERT INTO verification VALUES (?, ?, ?) ON CONFLICT (plan)"
                        " DO UPDATE SET asked = excluded.asked, report = excluded.report"));
  return statement.bind(plan, asked, report).run();
}

Status VerifyStore::ask(const std::string& plan, bool repair) {
  const std::lock_guard lock(mutex_);
  Entry asked = entries_[plan];
  asked.request = VerifyRequest{next_number_++, repair};
  asked.current = waiting(repair);
  SYNCLINE_RETURN_IF_ERROR(save(plan, asked));
  entries_[plan] = std::move(asked);
  return {};
}

std::optional<VerifyRequest> VerifyStore::request(const std::string& plan) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plan);
  return found == entries_.end() ? std::nullopt : found->second.request;
}

std::optional<VerifyReport> VerifyStore::report(const std::string& plan) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plan);
  if (found == entries_.end()) return std::nullopt;
  return found->second.request ? found->second.current : found->second.last;
}

int64_t VerifyStore::ended_us(const std::string& plan) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plan);
  return found == entries_.end() || !found->second.last ? 0 : found->second.last->ended_us;
}

void VerifyStore::progress(const std::string& plan, uint64_t number, const VerifyReport& report) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plan);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.request && entry.request->number == number) entry.current = report;
}

Status VerifyStore::end(const std::string& plan, uint64_t number, const VerifyReport& report) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(plan);
  if (found == entries_.end()) return {};
  if (!found->second.request || found->second.request->number != number) return {};
  Entry ended;
  ended.last = report;
  SYNCLINE_RETURN_IF_ERROR(save(plan, ended));
  found->second = std::move(ended);
  return {};
}

Status VerifyStore::forget(const std::function<bool(const std::string& plan)>& unwanted) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (!unwanted(entry->first)) {
      ++entry;
      continue;
    }
    SYNCLINE_ASSIGN(storage::SqliteStatement statement,
                    database_.prepare("DELETE FROM verification WHERE plan = ?"));
    SYNCLINE_RETURN_IF_ERROR(statement.bind(entry->first).run());
    entry = entries_.erase(entry);
  }
  return {};
}

}  // namespace syncline::verify

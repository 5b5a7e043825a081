#include "verify/verifier.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "document/bulk_builder.h"
#include "document/same_json.h"
#include "index/document_reader.h"
#include "index/index_admin.h"
#include "postgres/session_pool.h"
#include "retry/parked_document.h"

namespace syncline::verify {

namespace {

constexpr int kLooksMax = 5;  // at a document that changes with every look
constexpr int kTriesMax = 5;  // in a row
constexpr size_t kSamplesMax = 10;
constexpr int64_t kPageBlocks = 64;
constexpr double kHalf = 0.5;  // of the progress: one pass
constexpr auto kTryAgain = std::chrono::seconds(2);
constexpr Duration kIdleWait = std::chrono::seconds(30);
constexpr auto kLivePoll = std::chrono::milliseconds(200);
constexpr auto kPassedPoll = std::chrono::milliseconds(50);
constexpr auto kPassedMax = std::chrono::minutes(5);
constexpr auto kRestMax = std::chrono::seconds(5);

// The JSON of an item that indexes, without the lines around it.
std::string_view source_of(const BulkBody& body, const BulkItem& item) {
  std::string_view lines = std::string_view(body.bytes).substr(item.offset, item.length);
  lines.remove_prefix(lines.find('\n') + 1);
  if (lines.ends_with('\n')) lines.remove_suffix(1);
  return lines;
}

std::vector<std::string> ids_of(const std::vector<Verifier::Finding>& findings) {
  std::vector<std::string> ids;
  for (const auto& finding : findings) ids.push_back(finding.difference.id);
  return ids;
}

bool same_finding(const Verifier::Finding& a, const Verifier::Finding& b) {
  return a.difference.kind == b.difference.kind && a.seq_no == b.seq_no &&
         a.difference.expected == b.difference.expected && a.difference.found == b.difference.found;
}

}  // namespace

Verifier::Verifier(compose::PlanContext& context, VerifyStore& store, Events events)
    : context_(context),
      store_(store),
      events_(std::move(events)),
      composer_(compose::make_composer(context, stop_)),
      thread_([this] { run(); }) {}

Verifier::~Verifier() {
  stop_.raise();
  wake();
  thread_.join();
}

void Verifier::wake() {
  const std::lock_guard lock(mutex_);
  woken_up_ = true;
  woken_.notify_all();
}

void Verifier::repaired() {
  const std::lock_guard lock(mutex_);
  repaired_ = true;
  woken_.notify_all();
}

void Verifier::run() {
  int tries = 0;
  while (const auto request = next_request()) {
    request_ = *request;
    const std::string error = std::exchange(report_, {}).error;
    report_.state = VerifyReport::State::running;
    report_.repair = request_.repair;
    report_.error = error;
    tell();
    const Status verified = verify();
    context_.touches.watch({});
    if (stop_.raised()) return;  // it stays asked for
    if (outdated()) continue;
    report_.error = verified.ok() ? "" : verified.error().message;
    if (!verified.ok() && verified.error().passes() && ++tries < kTriesMax) {
      report_.state = VerifyReport::State::waiting;
      tell();
      sleep(kTryAgain);
      continue;
    }
    tries = 0;
    report_.state = verified.ok() ? VerifyReport::State::done : VerifyReport::State::failed;
    report_.ended_us = context_.clock.wall_time_us();
    spdlog::info("{}: verified {} documents: {} missing, {} extra, {} different, {} repaired {}",
                 context_.plan, report_.checked, report_.missing, report_.extra, report_.different,
                 report_.repaired, report_.error);
    const Status ended = store_.end(context_.plan, request_.number, report_);
    if (ended.ok()) continue;
    spdlog::error("{}: the verification's end is not stored: {}", context_.plan,
                  ended.error().message);
    sleep(kTryAgain);
  }
}

// Waits until something is asked for and can be done; nothing: it is to stop.
std::optional<VerifyRequest> Verifier::next_request() {
  while (!stop_.raised()) {
    const auto live_since_us = events_.live_since();
    Duration nap = live_since_us ? ask_if_due(*live_since_us) : kIdleWait;
    const auto request = store_.request(context_.plan);
    if (request && live_since_us) return request;
    if (request) nap = kLivePoll;
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, nap, [&] { return woken_up_ || stop_.raised(); });
    woken_up_ = false;
  }
  return std::nullopt;
}

// Every so many hours, where a job wants it: since the last one, or else since the plan was loaded.
// Gives how long nothing is due.
Duration Verifier::ask_if_due(int64_t live_since_us) {
  int hours = 0;
  for (const auto& member : context_.members) {
    const int wanted = member->config.spec.verify_every_hours;
    if (wanted > 0 && (hours == 0 || wanted < hours)) hours = wanted;
  }
  if (hours == 0 || store_.request(context_.plan)) return kIdleWait;
  const int64_t since_us = std::max(live_since_us, store_.ended_us(context_.plan));
  const auto period = hours * duration("verify_hour", std::chrono::hours(1));
  const auto passed = std::chrono::microseconds(context_.clock.wall_time_us() - since_us);
  if (passed < period) return std::min<Duration>(period - passed, kIdleWait);
  if (const Status asked = store_.ask(context_.plan, false); !asked.ok())
    spdlog::warn("{}: the verification that is due is not stored: {}", context_.plan,
                 asked.error().message);
  return kIdleWait;
}

Status Verifier::verify() {
  SYNCLINE_RETURN_IF_ERROR(check_documents());
  if (context_.owned) SYNCLINE_RETURN_IF_ERROR(check_rows());
  report_.progress = 1;
  if (request_.repair && context_.owned) events_.no_strangers();
  return {};
}

// Finds what is extra or different: every document that the index holds is composed.
Status Verifier::check_documents() {
  SYNCLINE_RETURN_IF_ERROR(context_.admin.refresh());
  SYNCLINE_ASSIGN(const int64_t documents, context_.admin.count());
  SYNCLINE_ASSIGN(index::IndexAdmin::ScrollPage page, context_.admin.begin_scroll());
  Status done;
  while (done.ok() && !page.documents.empty()) {
    const TimePoint begun = context_.clock.now();
    std::vector<std::string> ids;
    for (index::FoundDocument& document : page.documents) ids.push_back(std::move(document.id));
    report_.checked += static_cast<int64_t>(ids.size());
    const double part = static_cast<double>(report_.checked) /
                        static_cast<double>(std::max(documents, report_.checked));
    report_.progress = context_.owned ? part * kHalf : part;
    done = check(std::move(ids));
    if (done.ok()) done = rest(begun);
    if (!done.ok()) break;
    auto next = context_.admin.next_page(page.scroll_id);
    if (!next.ok()) return std::move(next).error();
    page = std::move(next).value();
  }
  context_.admin.end_scroll(page.scroll_id);
  return done;
}

// Finds what is missing: the document of every row is looked for in the index.
Status Verifier::check_rows() {
  size_t leaves = 0;
  for (const auto& member : context_.members) {
    if (member->defines_documents()) leaves += member->table.leaves.size();
  }
  for (const auto& member : context_.members) {
    if (!member->defines_documents()) continue;
    for (const postgres::LeafInfo& leaf : member->table.leaves) {
      SYNCLINE_RETURN_IF_ERROR(check_rows_of(*member, leaf, kHalf / static_cast<double>(leaves)));
    }
  }
  return {};
}

// By ranges of blocks, each read by a statement of its own: nothing holds back the database's
// horizon. Rows that move meanwhile are changes, of which the stream takes care.
Status Verifier::check_rows_of(const compose::Member& member, const postgres::LeafInfo& leaf,
                               double share) {
  int64_t blocks = 1;
  for (int64_t block = 0; block < blocks; block += kPageBlocks) {
    const TimePoint begun = context_.clock.now();
    std::unordered_set<std::string> ids;
    {
      SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                              postgres::SessionPool::Use::short_work, stop_));
      if (block == 0) {
        SYNCLINE_ASSIGN(blocks, postgres::TableQueries::count_blocks(*session, leaf));
      }
      SYNCLINE_ASSIGN(const postgres::Rows rows,
                      member.queries->read_links(*session, leaf, block, kPageBlocks));
      std::vector<std::optional<std::string_view>> link(member.queries->link_size());
      for (int row = 0; row < rows.size(); ++row) {
        for (size_t i = 0; i < link.size(); ++i) link[i] = rows.get(row, static_cast<int>(i));
        auto id = member.key_of(link);
        if (id && document::BulkBuilder::id_is_sendable(*id)) ids.insert(*std::move(id));
      }
    }
    SYNCLINE_RETURN_IF_ERROR(check_row_ids({ids.begin(), ids.end()}));
    const int64_t read = std::min(kPageBlocks, blocks - block);
    if (blocks > 0)
      report_.progress += share * static_cast<double>(read) / static_cast<double>(blocks);
    SYNCLINE_RETURN_IF_ERROR(rest(begun));
  }
  return {};
}

Status Verifier::check_row_ids(const std::vector<std::string>& ids) {
  for (size_t begin = 0; begin < ids.size(); begin += index::IndexAdmin::kIdsMax) {
    const size_t end = std::min(ids.size(), begin + index::IndexAdmin::kIdsMax);
    const std::vector<std::string> page(ids.begin() + static_cast<ptrdiff_t>(begin),
                                        ids.begin() + static_cast<ptrdiff_t>(end));
    SYNCLINE_ASSIGN(const std::vector<index::FoundDocument> stored, context_.admin.versions(page));
    std::unordered_set<std::string_view> present;
    for (const index::FoundDocument& document : stored) present.insert(document.id);
    std::vector<std::string> absent;
    for (const std::string& id : page) {
      if (!present.contains(id)) absent.push_back(id);
    }
    const int64_t missing = report_.missing;
    SYNCLINE_RETURN_IF_ERROR(check(std::move(absent)));
    report_.checked += report_.missing - missing;
  }
  return {};
}

// Looks at these documents until each that differs has differed twice in one way, and nothing
// touched it in between: a row that goes and comes back is missing twice, too.
Status Verifier::check(std::vector<std::string> ids) {
  SYNCLINE_ASSIGN(std::vector<Finding> before, look(ids));
  for (int looks = 1; !before.empty() && looks < kLooksMax; ++looks) {
    context_.touches.watch(ids_of(before));
    SYNCLINE_RETURN_IF_ERROR(wait_until_passed());
    SYNCLINE_ASSIGN(std::vector<Finding> now, look(ids_of(before)));
    // Whatever touched them up to this look is known then.
    if (!now.empty()) SYNCLINE_RETURN_IF_ERROR(wait_until_passed());
    std::unordered_map<std::string_view, const Finding*> seen;
    for (const Finding& finding : before) seen[finding.difference.id] = &finding;
    const auto changed = std::stable_partition(now.begin(), now.end(), [&](const Finding& finding) {
      return same_finding(finding, *seen.at(finding.difference.id)) &&
             !context_.touches.touched(finding.difference.id);
    });
    std::vector<Finding> moving(std::make_move_iterator(changed),
                                std::make_move_iterator(now.end()));
    now.erase(changed, now.end());
    SYNCLINE_RETURN_IF_ERROR(settle(now));
    before = std::move(moving);
  }
  return {};
}

Result<std::vector<Verifier::Finding>> Verifier::look(std::span<const std::string> ids) {
  std::vector<Finding> findings;
  while (!ids.empty()) {
    SYNCLINE_ASSIGN(const compose::Composition composition, composer_->compose(ids));
    failpoint("verify_composed");
    SYNCLINE_RETURN_IF_ERROR(compare(ids.first(composition.documents), composition, findings));
    ids = ids.subspan(composition.documents);
    if (!composition.again.empty()) {
      SYNCLINE_ASSIGN(std::vector<Finding> more, look(composition.again));
      findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
    }
  }
  return findings;
}

// Of a foreign plan a composition holds the documents that are not as they should be.
Status Verifier::compare(std::span<const std::string> ids, const compose::Composition& composition,
                         std::vector<Finding>& findings) {
  auto read = context_.documents.read(ids);
  if (!read.ok() && read.error().code == index::DocumentReader::kTooLarge) {
    if (ids.size() == 1) return {};  // too large to be looked at
    const size_t half = ids.size() / 2;
    SYNCLINE_RETURN_IF_ERROR(compare(ids.first(half), composition, findings));
    return compare(ids.subspan(half), composition, findings);
  }
  if (!read.ok()) return std::move(read).error();
  std::vector<index::StoredDocument> documents = std::move(read).value();
  std::unordered_map<std::string_view, index::StoredDocument*> stored;
  for (index::StoredDocument& document : documents) stored[document.id] = &document;
  std::unordered_map<std::string_view, std::string_view> composed;
  for (const BulkItem& item : composition.body.items) {
    if (item.action == BulkAction::index) composed[item.id] = source_of(composition.body, item);
  }
  std::unordered_set<std::string_view> unsendable;
  for (const retry::ParkedDocument& parked : composition.unsendable) unsendable.insert(parked.id);
  const std::unordered_set<std::string_view> again(composition.again.begin(),
                                                   composition.again.end());
  for (const std::string& id : ids) {
    if (again.contains(id)) continue;
    const auto found = stored.find(id);
    const auto expected = composed.find(id);
    const bool is_stored = found != stored.end(), is_expected = expected != composed.end();
    if (is_stored == is_expected) {
      if (!is_stored || document::same_json(expected->second, found->second->source)) continue;
    } else if (!context_.owned) {
      continue;
    }
    Finding finding;
    finding.difference.id = id;
    if (is_expected) finding.difference.expected = expected->second;
    if (is_stored) {
      finding.difference.found = std::move(found->second->source);
      finding.seq_no = found->second->seq_no;
    }
    // A row that cannot be a document as it is now: what is stored was made of an older one.
    const bool is_extra = !is_expected && !unsendable.contains(id);
    finding.difference.kind = !is_stored ? Difference::Kind::missing
                              : is_extra ? Difference::Kind::extra
                                         : Difference::Kind::different;
    findings.push_back(std::move(finding));
  }
  return {};
}

Status Verifier::wait_until_passed() {
  SYNCLINE_ASSIGN(const std::vector<capture::Position> mark, events_.mark());
  const TimePoint begun = context_.clock.now();
  while (!events_.passed(mark)) {
    if (context_.clock.now() - begun > kPassedMax)
      return Error::retry("changes come faster than they are followed: nothing can be compared");
    if (!sleep(kPassedPoll) || outdated()) return Error::stop();
  }
  return {};
}

Status Verifier::settle(const std::vector<Finding>& confirmed) {
  for (const Finding& finding : confirmed) count(finding);
  if (!confirmed.empty() && request_.repair) SYNCLINE_RETURN_IF_ERROR(repair(confirmed));
  tell();
  return {};
}

void Verifier::count(const Finding& finding) {
  switch (finding.difference.kind) {
    case Difference::Kind::missing:
      ++report_.missing;
      break;
    case Difference::Kind::extra:
      ++report_.extra;
      break;
    case Difference::Kind::different:
      ++report_.different;
      break;
  }
  if (report_.samples.size() == kSamplesMax) return;
  Difference sample = finding.difference;
  for (std::string* document : {&sample.expected, &sample.found}) {
    // One byte more than is shown says that there is more.
    if (document->size() > Difference::kShownBytesMax)
      document->resize(Difference::kShownBytesMax + 1);
  }
  report_.samples.push_back(std::move(sample));
}

// Through the stream, which has at most one composition of a document on its way. What differs in
// the same way afterwards was not mended: the cluster refuses it, and it is parked.
Status Verifier::repair(const std::vector<Finding>& confirmed) {
  const std::vector<std::string> ids = ids_of(confirmed);
  {
    const std::lock_guard lock(mutex_);
    repaired_ = false;
  }
  events_.repair(ids);
  {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return repaired_ || stop_.raised(); });
  }
  if (stop_.raised()) return Error::stop();
  SYNCLINE_ASSIGN(const std::vector<Finding> left, look(ids));
  std::unordered_map<std::string_view, const Finding*> still;
  for (const Finding& finding : left) still[finding.difference.id] = &finding;
  for (const Finding& finding : confirmed) {
    const auto found = still.find(finding.difference.id);
    if (found == still.end() || !same_finding(finding, *found->second)) ++report_.repaired;
  }
  return {};
}

void Verifier::tell() {
  store_.progress(context_.plan, request_.number, report_);
}

Status Verifier::rest(TimePoint begun) {
  tell();
  failpoint("verify_page");
  const Duration worked = context_.clock.now() - begun;
  if (!sleep(std::min<Duration>(worked, kRestMax)) || outdated()) return Error::stop();
  if (!events_.live_since())
    return Error::retry("the index is being loaded, or a job of it is paused");
  return {};
}

// False: it is to stop.
bool Verifier::sleep(Duration duration) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, duration, [&] { return stop_.raised(); });
  return !stop_.raised();
}

// Something else was asked for since.
bool Verifier::outdated() const {
  const auto request = store_.request(context_.plan);
  return !request || request->number != request_.number;
}

}  // namespace syncline::verify

#include "index/bulk_writer.h"

#include <utility>

#include "base/log.h"
#include "http/url.h"
#include "index/bulk_writer_state.h"

namespace syncline::index {

namespace {

constexpr auto kBackoffFirst = std::chrono::milliseconds(100);
constexpr auto kBackoffMax = std::chrono::seconds(5);
// With the statuses the positions are kept (items.*.error alone would lose them). The server's own
// waiting, for a shard that has no primary, ends before ours, so that it is an answer and not a
// timeout.
constexpr std::string_view kQuery =
    "?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error&timeout=20s";

}  // namespace

BulkWriter::BulkWriter(http::HttpClient& http, BulkConcurrency& concurrency, const Clock& clock,
                       const std::string& index, OnResult on_result)
    : state_(std::make_shared<State>(http, concurrency, clock, index, std::move(on_result))) {}

BulkWriter::~BulkWriter() {
  state_->stop_and_wait();
}

void BulkWriter::submit(BulkBody body) {
  state_->submit(std::move(body));
}
size_t BulkWriter::bytes_in_flight() const {
  return state_->bytes_in_flight();
}
int BulkWriter::bodies_wanted() const {
  return state_->bodies_wanted();
}

BulkWriter::State::State(http::HttpClient& http, BulkConcurrency& concurrency, const Clock& clock,
                         const std::string& index, OnResult on_result)
    : http_(http),
      concurrency_(concurrency),
      clock_(clock),
      path_(std::string("/").append(http::percent_encode(index)).append("/_bulk").append(kQuery)),
      on_result_(std::move(on_result)),
      parser_(http.secrets()),
      random_(static_cast<std::minstd_rand::result_type>(std::hash<std::string>{}(index) ^
                                                         clock.wall_time_us())) {}

void BulkWriter::State::submit(BulkBody body) {
  auto submission = std::make_shared<BulkSubmission>(std::move(body));
  bytes_in_flight_ += submission->bytes;
  {
    const std::lock_guard lock(mutex_);
    ++submissions_open_;
  }
  http_.after(Duration::zero(),
              [self = shared_from_this(), submission] { self->begin(submission); });
}

void BulkWriter::State::stop_and_wait() {
  http_.after(Duration::zero(), [self = shared_from_this()] { self->stop(); });
  http_.after(kBulkStopMax, [self = shared_from_this()] { self->give_up(); });
  std::unique_lock lock(mutex_);
  all_delivered_.wait(lock, [this] { return submissions_open_ == 0; });
}

void BulkWriter::State::begin(const std::shared_ptr<BulkSubmission>& submission) {
  if (submission->result.body.items.empty()) return deliver(*submission);
  const auto piece = std::make_shared<BulkPiece>(submission);
  piece->taken_at_first_try = taken_;
  open(piece);
  enqueue(piece);
}

void BulkWriter::State::open(const PiecePtr& piece) {
  ++piece->submission->pieces_open;
  pieces_.insert(piece);
}

void BulkWriter::State::enqueue(const PiecePtr& piece) {
  if (stopping_ || is_too_old(*piece)) return close_stale(piece);
  if (piece->items.size() > 1 && piece->payload().size() > body_bytes_max_) return split(piece);
  piece->phase = BulkPiece::Phase::waiting;
  piece->slot_bytes = piece->payload().size();
  const auto ticket = concurrency_.acquire(
      piece->slot_bytes, [self = shared_from_this(), piece] { self->send(piece); });
  if (!ticket) return send(piece);
  piece->ticket = *ticket;
  watch_age(piece);
}

void BulkWriter::State::watch_age(const PiecePtr& piece) {
  const TimePoint old_at = piece->submission->result.body.read_at + kBodyAgeMax;
  http_.after(old_at - clock_.now(), [self = shared_from_this(), watched = std::weak_ptr(piece)] {
    const PiecePtr waiting = watched.lock();
    if (!waiting || waiting->phase != BulkPiece::Phase::waiting) return;
    if (!self->is_too_old(*waiting)) return self->watch_age(waiting);
    if (self->concurrency_.cancel(waiting->ticket)) self->close_stale(waiting);
  });
}

// Has a slot.
void BulkWriter::State::send(const PiecePtr& piece) {
  if (stopping_ || is_too_old(*piece)) {
    concurrency_.release(piece->slot_bytes, BulkVerdict::lost, {});
    return close_stale(piece);
  }
  piece->phase = BulkPiece::Phase::sent;
  piece->sent_at = clock_.now();
  http::HttpRequest request;
  request.method = "POST";
  request.path = path_;
  request.content_type = "application/x-ndjson";
  request.timeout = kBulkTimeout;
  request.body = std::exchange(piece->payload(), {});
  http_.send(std::move(request), [self = shared_from_this(), piece](http::HttpResponse response) {
    self->take_answer(piece, std::move(response));
  });
}

void BulkWriter::State::retry_later(const PiecePtr& piece, int retry_after_s) {
  piece->phase = BulkPiece::Phase::backing_off;
  if (stopping_) return close_stale(piece);
  const TimePoint old_at = piece->submission->result.body.read_at + kBodyAgeMax;
  const Duration delay = std::min(backoff(piece->attempts++, retry_after_s), old_at - clock_.now());
  http_.after(delay, [self = shared_from_this(), piece] {
    if (piece->phase == BulkPiece::Phase::backing_off) self->enqueue(piece);
  });
}

void BulkWriter::State::split(const PiecePtr& piece) {
  const auto middle = piece->items.begin() + static_cast<ptrdiff_t>(piece->items.size() / 2);
  auto first = std::make_shared<BulkPiece>(*piece, std::vector(piece->items.begin(), middle));
  auto second = std::make_shared<BulkPiece>(*piece, std::vector(middle, piece->items.end()));
  // Their items are theirs now: closing the piece must not touch the outcomes.
  piece->items.clear();
  for (const PiecePtr& half : {first, second}) open(half);
  for (const PiecePtr& half : {first, second}) enqueue(half);
  close(piece, ItemOutcome::Kind::done);
}

void BulkWriter::State::close_unusable(const PiecePtr& piece, ItemOutcome::Kind kind,
                                       const std::string& reason, bool needs_person) {
  piece->submission->set_unavailable(mask_values(reason), needs_person);
  close(piece, kind);
}

// Ran out of time, before it was sent or between two attempts. Where the cluster did nothing of the
// body all that time, or said that its disk is full or a shard away, that is more than slowness.
void BulkWriter::State::close_stale(const PiecePtr& piece) {
  if (piece->attempts > 0 && (piece->blocked || !piece->submission->cluster_works))
    piece->submission->set_unavailable(mask_values(piece->last_reason), false);
  close(piece, ItemOutcome::Kind::stale);
}

void BulkWriter::State::close(const PiecePtr& piece, ItemOutcome::Kind kind) {
  piece->phase = BulkPiece::Phase::closed;
  pieces_.erase(piece);
  BulkSubmission& submission = *piece->submission;
  for (uint32_t i : piece->items) submission.result.outcomes[i].kind = kind;
  if (--submission.pieces_open == 0) deliver(submission);
}

void BulkWriter::State::deliver(BulkSubmission& submission) {
  bytes_in_flight_ -= submission.bytes;
  on_result_(std::move(submission.result));
  // Under the lock: the waiter may destroy this object's owner as soon as it sees 0.
  const std::lock_guard lock(mutex_);
  if (--submissions_open_ == 0) all_delivered_.notify_all();
}

void BulkWriter::State::stop() {
  stopping_ = true;
  const std::vector<PiecePtr> pieces(pieces_.begin(), pieces_.end());
  for (const PiecePtr& piece : pieces) {
    const bool waits = piece->phase == BulkPiece::Phase::waiting;
    if (waits && !concurrency_.cancel(piece->ticket)) continue;
    if (waits || piece->phase == BulkPiece::Phase::backing_off) close_stale(piece);
  }
}

void BulkWriter::State::give_up() {
  const std::vector<PiecePtr> pieces(pieces_.begin(), pieces_.end());
  for (const PiecePtr& piece : pieces)
    close_unusable(piece, ItemOutcome::Kind::unknown, "stopped before the cluster answered", false);
}

bool BulkWriter::State::is_too_old(const BulkPiece& piece) const {
  return clock_.now() - piece.submission->result.body.read_at >= kBodyAgeMax;
}

// Half of it fixed, half of it chance, so that many writers do not come back together.
Duration BulkWriter::State::backoff(int attempts, int retry_after_s) {
  Duration delay = kBackoffMax;
  if (attempts < 6) delay = std::min<Duration>(delay, kBackoffFirst * (1 << attempts));
  const Duration chance(
      std::uniform_int_distribution<Duration::rep>(0, (delay / 2).count())(random_));
  return std::max<Duration>(delay / 2, std::chrono::seconds(retry_after_s)) + chance;
}

}  // namespace syncline::index

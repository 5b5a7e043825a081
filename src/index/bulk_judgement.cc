// The way back of a bulk request: what its answer means for the items of the piece that was sent.
#include <utility>

#include "base/log.h"
#include "index/bulk_writer_state.h"

namespace syncline::index {

namespace {

constexpr int kTriesMax = 3;  // of one body, before it is cut
constexpr size_t kAloneBytesMin = size_t{16} << 20;
constexpr size_t kHalvedBytesMin = size_t{256} << 10;

// The cluster asks for less, in the request's status or in that of an item. A full disk is not
// overload.
bool is_overload(int status, const BulkAnswer* answer) {
  if (status == 429 || status == 503) return true;
  if (answer == nullptr) return false;
  for (const ClusterError& error : answer->errors)
    if (answer->statuses[error.item] == 429 && error.type != "cluster_block_exception") return true;
  return false;
}

std::string describe(int status, const ClusterError* error = nullptr) {
  const std::string text = "the cluster answered " + std::to_string(status);
  return error != nullptr ? text + " " + error->type + ": " + error->reason : text;
}

}  // namespace

void BulkWriter::State::take_answer(const PiecePtr& piece, http::HttpResponse response) {
  std::optional<BulkAnswer> answer;
  if (response.status == 200) answer = parser_.parse(response.body, piece->items.size());
  const BulkAnswer* known = answer ? &*answer : nullptr;
  const bool overload = is_overload(response.status, known);
  concurrency_.release(piece->slot_bytes,
                       overload ? BulkVerdict::overloaded
                                : (known != nullptr ? BulkVerdict::taken : BulkVerdict::lost),
                       clock_.now() - piece->sent_at);
  if (piece->phase == BulkPiece::Phase::closed) return;  // given up meanwhile
  piece->payload() = std::move(response.request_body);
  judge(piece, response, known);
}

void BulkWriter::State::judge(const PiecePtr& piece, http::HttpResponse& response,
                              const BulkAnswer* answer) {
  using Kind = ItemOutcome::Kind;
  const int status = response.status;
  if (answer != nullptr) return judge_items(piece, *answer, response.retry_after_s);
  if (status == 0) {
    const Kind kind = response.maybe_received ? Kind::unknown : Kind::stale;
    return close_unusable(piece, kind, "the cluster is not reachable: " + response.failure, false);
  }
  if (status >= 200 && status < 300)
    return close_unusable(piece, Kind::unknown, "the cluster's answer was not understood", false);
  // A gateway's: whoever is behind it may have got the request, and may still be at it.
  if (status == 502 || status == 504)
    return close_unusable(piece, Kind::unknown, describe(status), false);
  if (status == 408 || status == 429 || status >= 500) {
    const auto error = parser_.parse_error(response.body);
    piece->last_reason = describe(status, error ? &*error : nullptr);
    if (status == 429) return judge_overload(piece, response.retry_after_s);
    return retry_later(piece, response.retry_after_s);
  }
  judge_refusal(piece, response);
}

// A body may be larger than what the cluster has room for at all (its indexing pressure, a share of
// its heap): then it is refused however often it comes, and halves are not.
void BulkWriter::State::judge_overload(const PiecePtr& piece, int retry_after_s) {
  if (piece->attempts < kTriesMax || piece->payload().size() < kHalvedBytesMin)
    return retry_later(piece, retry_after_s);
  if (piece->items.size() > 1) {
    body_bytes_max_ = std::max(piece->payload().size() / 2, kHalvedBytesMin);
    return split(piece);
  }
  // One document alone, again and again, while others are taken, or so large that none is composed.
  const bool others_wait = piece->payload().size() > kAloneBytesMin;
  if (taken_ == piece->taken_at_first_try && !others_wait) return retry_later(piece, retry_after_s);
  ItemOutcome& outcome = piece->submission->result.outcomes[piece->items.front()];
  outcome = {ItemOutcome::Kind::refused, 429, "too_large",
             "larger than the cluster has room for: " + piece->last_reason};
  piece->submission->cluster_works = true;
  close(piece, ItemOutcome::Kind::refused);
}

// The request as a whole was refused, and nothing of it written.
void BulkWriter::State::judge_refusal(const PiecePtr& piece, http::HttpResponse& response) {
  using Kind = ItemOutcome::Kind;
  const int status = response.status;
  auto error = parser_.parse_error(response.body);
  if (status == 413 && !error)  // its body is empty
    error = ClusterError{0, "too_large", "larger than the cluster accepts", false};
  const std::string reason = describe(status, error ? &*error : nullptr);
  if (status == 404) return close_unusable(piece, Kind::stale, reason, false);
  // A 400 that no cluster wrote says nothing about a document: splitting would end in parking them
  // all.
  if ((status != 400 && status != 413) || !error)
    return close_unusable(piece, Kind::stale, reason, true);
  if (error->circuit_breaking) {
    piece->last_reason = reason;
    return retry_later(piece, response.retry_after_s);
  }
  if (piece->items.size() > 1) return split(piece);
  ItemOutcome& outcome = piece->submission->result.outcomes[piece->items.front()];
  outcome = {Kind::refused, status, std::move(error->type), std::move(error->reason)};
  piece->submission->cluster_works = true;
  close(piece, Kind::refused);
}

void BulkWriter::State::judge_items(const PiecePtr& piece, const BulkAnswer& answer,
                                    int retry_after_s) {
  ++taken_;
  // Room that was short for a while may be there again.
  if (piece->slot_bytes < body_bytes_max_ && piece->slot_bytes > body_bytes_max_ / 2)
    body_bytes_max_ += body_bytes_max_ / 8;
  std::vector<uint32_t> again;
  auto error = answer.errors.begin();
  for (uint32_t i = 0; i < piece->items.size(); ++i) {
    const bool has_error = error != answer.errors.end() && error->item == i;
    const ClusterError* its_error = has_error ? &*error++ : nullptr;
    if (!settle_item(*piece, piece->items[i], answer.statuses[i], its_error))
      again.push_back(piece->items[i]);
  }
  if (again.size() == piece->items.size()) return retry_later(piece, retry_after_s);
  PiecePtr rest;
  if (!again.empty()) {
    rest = std::make_shared<BulkPiece>(*piece, std::move(again));
    open(rest);
    retry_later(rest, retry_after_s);
  }
  piece->items.clear();  // all settled, or the rest's: closing must not touch their outcomes
  close(piece, ItemOutcome::Kind::done);
}

// False: to be sent again.
bool BulkWriter::State::settle_item(BulkPiece& piece, uint32_t item, int status,
                                    const ClusterError* error) {
  using Kind = ItemOutcome::Kind;
  BulkSubmission& submission = *piece.submission;
  ItemOutcome& outcome = submission.result.outcomes[item];
  outcome.status = status;
  const ItemVerdict verdict = judge_item(submission.result.body.items[item].action, status, error);
  switch (verdict) {
    case ItemVerdict::done:
    case ItemVerdict::conflict:
      outcome.kind = verdict == ItemVerdict::done ? Kind::done : Kind::conflict;
      submission.cluster_works = true;
      return true;
    case ItemVerdict::refused:
      outcome.kind = Kind::refused;
      if (error != nullptr) {
        outcome.type = error->type;
        outcome.reason = error->reason;
      }
      submission.cluster_works = true;
      return true;
    case ItemVerdict::retry:
    case ItemVerdict::retry_full:
      piece.blocked = piece.blocked || verdict == ItemVerdict::retry_full || status == 503;
      piece.last_reason = describe(status, error);
      return false;
    case ItemVerdict::index_gone:
    case ItemVerdict::needs_person:
      outcome.kind = Kind::stale;
      submission.set_unavailable((verdict == ItemVerdict::index_gone
                                      ? "the index, or the alias by which it is written, is gone: "
                                      : "") +
                                     mask_values(describe(status, error)),
                                 verdict == ItemVerdict::needs_person);
      return true;
  }
  return true;
}

}  // namespace syncline::index

// The part of Session that takes rows one by one, as they come: of lookups and of COPY.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "postgres/session.h"

namespace syncline::postgres {

namespace {

constexpr size_t kPackedBytesMax = size_t{256} << 10;  // a larger row stays as libpq holds it
constexpr size_t kLargeBytes = size_t{8} << 20;  // of a row after which a connection is dropped
// What may be on its way in the kernel beside the row that is waited for.
constexpr size_t kUnreadSlack = size_t{8} << 20;

}  // namespace

std::string Rows::text(int row, int column) const {
  return std::string(get(row, column).value_or(""));
}

int64_t Rows::integer(int row, int column) const {
  const std::string_view digits = get(row, column).value_or("0");
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool Rows::boolean(int row, int column) const {
  return get(row, column) == "t";
}

void Rows::pack(const PGresult* row) {
  columns_ = static_cast<size_t>(PQnfields(row));
  for (int column = 0; column < PQnfields(row); ++column) {
    Cell cell;
    cell.offset = bytes_.size();
    if (PQgetisnull(row, 0, column) == 0) {
      cell.size = PQgetlength(row, 0, column);
      bytes_.append(PQgetvalue(row, 0, column), static_cast<size_t>(cell.size));
    }
    cells_.push_back(cell);
  }
  ++packed_size_;
}

// Whether the row that is waited for is larger than that, as far as it has come: by the kernel's
// count of what the connection brought. Where there is none (a socket in the file system) a large
// row is noticed when it is there.
bool Session::row_outgrows(size_t bytes_max) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(PQsocket(connection_.get()), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return false;
  if (std::exchange(row_taken_, false)) received_ = info.tcpi_bytes_received;
  return info.tcpi_bytes_received - received_ > bytes_max;
}

void Session::cancel() {
  std::array<char, 256> reason{};
  if (PGcancel* cancel = PQgetCancel(connection_.get())) {
    PQcancel(cancel, reason.data(), static_cast<int>(reason.size()));
    PQfreeCancel(cancel);
  }
}

// Until PQgetResult would not block. Error: park where the row is larger than that; the connection
// is of no use then, for libpq would take all of it.
Status Session::wait_for_row(TimePoint deadline, size_t bytes_max) {
  PGconn* connection = connection_.get();
  while (PQisBusy(connection) != 0) {
    SYNCLINE_RETURN_IF_ERROR(wait_answer(deadline));
    if (row_outgrows(bytes_max)) {
      cancel();
      broken_ = true;
      return Error::park("a row is too large to be read", Origin::database, kLineTooLarge);
    }
    if (PQconsumeInput(connection) == 0) return broken(PQerrorMessage(connection));
  }
  return {};
}

Status Session::take_row(PGresult* row, Answer& answer) {
  Rows rows(row);
  size_t bytes = 0;
  for (int column = 0; column < PQnfields(row); ++column)
    bytes += static_cast<size_t>(PQgetlength(row, 0, column));
  answer.bytes += bytes;
  row_taken_ = true;
  if (bytes > kLargeBytes) outgrown_ = true;
  if (bytes > kPackedBytesMax) {
    answer.parts.push_back(std::move(rows));
    answer.parts.emplace_back();
    return {};
  }
  if (answer.parts.empty()) answer.parts.emplace_back();
  answer.parts.back().pack(row);
  return {};
}

// The rest of an answer that nobody wants.
Status Session::cut_answer(TimePoint deadline) {
  cancel();
  for (;;) {
    const Status waited = wait_for_row(deadline, kLargeBytes + kUnreadSlack);
    if (!waited.ok()) return waited.error().action == Action::park ? Status() : waited;
    PGresult* const result = PQgetResult(connection_.get());
    if (result == nullptr) return {};
    row_taken_ = true;
    PQclear(result);
  }
}

Result<Session::Answer> Session::end_rows(size_t bytes_max) {
  auto answer = take_rows(std::chrono::steady_clock::now() + answer_timeout_, bytes_max);
  busy_since_.store(0);
  return answer;
}

Result<Session::Answer> Session::take_rows(TimePoint deadline, size_t bytes_max) {
  PGconn* connection = connection_.get();
  PQsetSingleRowMode(connection);
  Answer answer;
  const auto cut = [&] {
    answer.parts.clear();
    answer.complete = false;
  };
  for (;;) {
    const size_t left = bytes_max - std::min(bytes_max, answer.bytes);
    const Status waited = wait_for_row(deadline, left + kUnreadSlack);
    if (!waited.ok() && waited.error().action != Action::park) return waited.error();
    if (!waited.ok()) {
      cut();
      return answer;
    }
    PGresult* const result = PQgetResult(connection);
    if (result == nullptr) return answer;
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
      SYNCLINE_RETURN_IF_ERROR(take_row(result, answer));
      if (answer.bytes <= bytes_max) continue;
      cut();
      SYNCLINE_RETURN_IF_ERROR(cut_answer(deadline));
      return answer;
    }
    const Rows end(result);
    if (PQresultStatus(result) == PGRES_TUPLES_OK) continue;
    Error failed = error_of(result);
    const auto rest = collect(deadline);
    if (!rest.ok() && !usable()) return rest.error();
    if (failed.code == "0A000") {
      broken_ = true;
      failed.action = Action::retry;
    }
    return failed;
  }
}

Status Session::begin_copy(const std::string& sql) {
  row_taken_ = true;
  const Status begun = script(sql);
  busy_since_.store(0);  // the loader says what it does by itself
  return begun;
}

Result<Session::CopyLine> Session::next_copy_line() {
  PGconn* connection = connection_.get();
  const TimePoint deadline = std::chrono::steady_clock::now() + answer_timeout_;
  for (;;) {
    char* data = nullptr;
    const int size = PQgetCopyData(connection, &data, 1);
    line_.reset(data);
    if (size > 0) {
      row_taken_ = true;
      if (static_cast<size_t>(size) > kLargeBytes) outgrown_ = true;
      return CopyLine{data, static_cast<size_t>(size)};
    }
    if (size == -1) {
      auto end = collect(deadline);
      if (!end.ok()) return std::move(end).error();
      return CopyLine{};
    }
    if (size == -2) return broken(PQerrorMessage(connection));
    SYNCLINE_RETURN_IF_ERROR(wait_socket(false, deadline));
    if (row_outgrows(kLineBytesMax + kUnreadSlack)) {
      cancel();
      broken_ = true;
      return Error::park("a row is larger than 64 MiB", Origin::database, kLineTooLarge);
    }
    if (PQconsumeInput(connection) == 0) return broken(PQerrorMessage(connection));
  }
}

void Session::cancel_copy() {
  cancel();
  for (;;) {
    const auto line = next_copy_line();
    if (!line.ok() || line->data == nullptr) return;
  }
}

}  // namespace syncline::postgres

#include "retry/message_list.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace syncline::retry {

Result<std::unique_ptr<MessageList>> MessageList::open(ParkedStore& parked) {
  std::unique_ptr<MessageList> list(new MessageList(parked.writer()));
  const std::lock_guard lock(list->file_->mutex);
  SYNCLINE_RETURN_IF_ERROR(list->prepare());
  return list;
}

Status MessageList::prepare() {
  storage::SqliteDatabase& database = file_->database;
  const std::string columns = "SELECT plan, job, id, nonce, next_at_us, attempts FROM parked ";
  SYNCLINE_ASSIGN(
      without_message_,
      database.prepare(columns + "WHERE message_at_us<? ORDER BY message_at_us LIMIT ?"));
  SYNCLINE_ASSIGN(renew_, database.prepare("UPDATE parked SET nonce=lower(hex(randomblob(12))), "
                                           "receipt='', message_at_us=? WHERE plan=? AND id=? "
                                           "RETURNING nonce"));
  SYNCLINE_ASSIGN(leave_out_,
                  database.prepare("UPDATE parked SET message_at_us=? WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(not_sent_, database.prepare("UPDATE parked SET message_at_us=0 WHERE plan=? AND "
                                              "id=? AND nonce=?"));
  SYNCLINE_ASSIGN(find_, database.prepare(columns + "WHERE plan=? AND id=?"));
  SYNCLINE_ASSIGN(delivered_, database.prepare("UPDATE parked SET receipt=?, message_at_us=? "
                                               "WHERE plan=? AND id=? AND nonce=?"));
  SYNCLINE_ASSIGN(ended_, database.prepare("SELECT receipt FROM ended_message LIMIT ?"));
  SYNCLINE_ASSIGN(forget_, database.prepare("DELETE FROM ended_message WHERE receipt=?"));
  return {};
}

// All changes in one transaction.
template <typename Items, typename Change>
Status MessageList::change_each(const Items& items, const Change& change) {
  if (items.empty()) return {};
  storage::SqliteTransaction transaction(file_->database);
  SYNCLINE_RETURN_IF_ERROR(transaction.begin());
  for (auto& item : items) SYNCLINE_RETURN_IF_ERROR(change(item));
  return transaction.commit();
}

Result<std::vector<MessageEntry>> MessageList::without_message(int64_t missing_before_us,
                                                               size_t max) {
  without_message_.bind(missing_before_us, static_cast<int64_t>(max));
  std::vector<MessageEntry> entries;
  for (;;) {
    const storage::SqliteStatement& row = without_message_;
    SYNCLINE_ASSIGN(const bool found, without_message_.step());
    if (!found) return entries;
    entries.push_back(
        {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.integer(5)});
  }
}

Result<std::vector<MessageEntry>> MessageList::begin_sending(int64_t missing_before_us,
                                                             int64_t latest_at_us, size_t max) {
  const std::lock_guard lock(file_->mutex);
  SYNCLINE_ASSIGN(const auto entries, without_message(missing_before_us, max));
  std::vector<MessageEntry> to_send;
  SYNCLINE_RETURN_IF_ERROR(change_each(entries, [&](MessageEntry entry) -> Status {
    if (entry.id.size() > kIdBytesMax) {
      return leave_out_.bind(std::numeric_limits<int64_t>::max(), entry.plan, entry.id).run();
    }
    // At least 1: 0 stands for "has to be sent".
    const int64_t at_us = std::max<int64_t>(std::min(entry.next_at_us, latest_at_us), 1);
    SYNCLINE_ASSIGN(const bool renewed, renew_.bind(at_us, entry.plan, entry.id).step());
    if (renewed) entry.nonce = renew_.text(0);
    renew_.reset();
    if (renewed) to_send.push_back(std::move(entry));
    return {};
  }));
  return to_send;
}

Status MessageList::not_sent(const std::vector<MessageEntry>& entries) {
  const std::lock_guard lock(file_->mutex);
  return change_each(entries, [&](const MessageEntry& entry) {
    return not_sent_.bind(entry.plan, entry.id, entry.nonce).run();
  });
}

Result<std::optional<MessageEntry>> MessageList::find(const std::string& plan,
                                                      const std::string& id) {
  const std::lock_guard lock(file_->mutex);
  const storage::SqliteStatement& row = find_;
  SYNCLINE_ASSIGN(const bool found, find_.bind(plan, id).step());
  std::optional<MessageEntry> entry;
  if (found) {
    entry = MessageEntry{row.text(0), row.text(1),    row.text(2),
                         row.text(3), row.integer(4), row.integer(5)};
  }
  find_.reset();
  return entry;
}

Status MessageList::delivered(const std::vector<Delivery>& deliveries) {
  const std::lock_guard lock(file_->mutex);
  return change_each(deliveries, [&](const Delivery& delivery) {
    return delivered_
        .bind(delivery.receipt, delivery.turns_up_at_us, delivery.plan, delivery.id, delivery.nonce)
        .run();
  });
}

Result<std::vector<std::string>> MessageList::ended(size_t max) {
  const std::lock_guard lock(file_->mutex);
  ended_.bind(static_cast<int64_t>(max));
  std::vector<std::string> receipts;
  for (;;) {
    SYNCLINE_ASSIGN(const bool row, ended_.step());
    if (!row) return receipts;
    receipts.push_back(ended_.text(0));
  }
}

Status MessageList::forget_ended(const std::vector<std::string>& receipts) {
  const std::lock_guard lock(file_->mutex);
  return change_each(receipts,
                     [&](const std::string& receipt) { return forget_.bind(receipt).run(); });
}

}  // namespace syncline::retry

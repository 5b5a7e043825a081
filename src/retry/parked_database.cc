#include "retry/parked_database.h"

#include <array>
#include <string_view>
#include <utility>

namespace syncline::retry {

namespace {

// Enough for the upper levels of all trees with a million documents; and a log that is folded back
// into the file after some thousands of pages instead of a thousand, since parking at random ids
// touches many.
constexpr const char* kTuning = "PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4000";

constexpr std::array<std::string_view, 2> kMigrations = {
    R"(CREATE TABLE parked (
         plan TEXT NOT NULL,
         id TEXT NOT NULL,
         job TEXT NOT NULL,
         status INTEGER NOT NULL,
         type TEXT NOT NULL,
         reason TEXT NOT NULL,
         attempts INTEGER NOT NULL,
         first_at_us INTEGER NOT NULL,
         last_at_us INTEGER NOT NULL,
         PRIMARY KEY (plan, id)
       ) WITHOUT ROWID)",

    // Rows in the order in which they were parked, and one narrow index by id: all else is then
    // written in order, too, whatever the ids are like. next_at_us: 0 is at once. nonce,
    // receipt, message_at_us: the document's message in SQS, when it should turn up there; 0: it
    // has to be sent. The counts are kept beside the documents, so that a start need not look at
    // them all.
    R"(ALTER TABLE parked RENAME TO parked_before;
       CREATE TABLE parked (
         number INTEGER PRIMARY KEY,
         plan TEXT NOT NULL,
         id TEXT NOT NULL,
         job TEXT NOT NULL,
         status INTEGER NOT NULL,
         type TEXT NOT NULL,
         reason TEXT NOT NULL,
         attempts INTEGER NOT NULL,
         first_at_us INTEGER NOT NULL,
         last_at_us INTEGER NOT NULL,
         version INTEGER NOT NULL DEFAULT 0,
         next_at_us INTEGER NOT NULL DEFAULT 0,
         nonce TEXT NOT NULL DEFAULT '',
         receipt TEXT NOT NULL DEFAULT '',
         message_at_us INTEGER NOT NULL DEFAULT 0,
         UNIQUE (plan, id)
       );
       INSERT INTO parked
         (plan, id, job, status, type, reason, attempts, first_at_us, last_at_us)
         SELECT plan, id, job, status, type, reason, attempts, first_at_us, last_at_us
           FROM parked_before;
       DROP TABLE parked_before;
       CREATE INDEX parked_due ON parked (plan, next_at_us);
       CREATE INDEX parked_message ON parked (message_at_us);
       CREATE TABLE ended_message (receipt TEXT PRIMARY KEY) WITHOUT ROWID;
       CREATE TABLE parked_count (
         plan TEXT NOT NULL,
         job TEXT NOT NULL,
         documents INTEGER NOT NULL,
         PRIMARY KEY (plan, job)
       ) WITHOUT ROWID;
       INSERT INTO parked_count SELECT plan, job, count(*) FROM parked GROUP BY plan, job;
       CREATE TRIGGER parked_added AFTER INSERT ON parked BEGIN
         INSERT INTO parked_count VALUES (new.plan, new.job, 1)
           ON CONFLICT DO UPDATE SET documents = documents + 1;
       END;
       CREATE TRIGGER parked_removed AFTER DELETE ON parked BEGIN
         UPDATE parked_count SET documents = documents - 1 WHERE plan = old.plan AND job = old.job;
       END;
       CREATE TRIGGER parked_moved AFTER UPDATE OF job ON parked WHEN old.job <> new.job BEGIN
         UPDATE parked_count SET documents = documents - 1 WHERE plan = old.plan AND job = old.job;
         INSERT INTO parked_count VALUES (new.plan, new.job, 1)
           ON CONFLICT DO UPDATE SET documents = documents + 1;
       END;
       CREATE TRIGGER message_ended AFTER DELETE ON parked WHEN old.receipt <> '' BEGIN
         INSERT OR IGNORE INTO ended_message VALUES (old.receipt);
       END)"};

}  // namespace

Result<std::shared_ptr<ParkedDatabase>> ParkedDatabase::open(const std::string& path) {
  SYNCLINE_ASSIGN(storage::SqliteDatabase database,
                  storage::SqliteDatabase::open(path, kMigrations));
  SYNCLINE_RETURN_IF_ERROR(database.execute(kTuning));
  return std::make_shared<ParkedDatabase>(std::move(database));
}

}  // namespace syncline::retry

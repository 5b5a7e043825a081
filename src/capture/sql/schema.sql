-- The capture schema of one Syncline in a source database. Run once, in one transaction;
-- {{schema}} exists already.

-- Whose schema this is: one Syncline, known by the id in its data directory.
CREATE TABLE {{schema}}.instance (
  id             text PRIMARY KEY,
  format         integer NOT NULL,   -- of everything in this schema
  schema_created boolean NOT NULL    -- false: it was there before us, so uninstalling leaves it
);

-- The change log: keys of rows that may differ. A NULL key means every row of the watch
-- (TRUNCATE); a negated watch means that a key could not be made, since a column of it is gone.
-- Three tables take turns, so that one that is consumed can be truncated while writers are busy
-- with another.
CREATE TABLE {{schema}}.log_0 (
  txid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
  watch integer NOT NULL,
  key   text
) WITH (autovacuum_enabled = false);
CREATE TABLE {{schema}}.log_1 (LIKE {{schema}}.log_0 INCLUDING ALL)
  WITH (autovacuum_enabled = false);
CREATE TABLE {{schema}}.log_2 (LIKE {{schema}}.log_0 INCLUDING ALL)
  WITH (autovacuum_enabled = false);
CREATE INDEX log_0_txid ON {{schema}}.log_0 (txid);
CREATE INDEX log_1_txid ON {{schema}}.log_1 (txid);
CREATE INDEX log_2_txid ON {{schema}}.log_2 (txid);

-- Sequences as flags: their last_value is seen at once by every session, in whatever isolation
-- level. state: the number of the current log table, +4 while the engine sleeps and wants to be
-- notified, +8 when the log is full.
CREATE SEQUENCE {{schema}}.state MINVALUE 0 START 0;
-- sleeper: the server process that wants to be notified; 0 when it was found to be gone.
CREATE SEQUENCE {{schema}}.sleeper MINVALUE 0 START 0;
-- overflow: 1 once a trigger had to drop a key because the log was full.
CREATE SEQUENCE {{schema}}.overflow MINVALUE 0 START 0;
-- home: what the database is known by, as a number (history.h). A copy of the schema is elsewhere.
CREATE SEQUENCE {{schema}}.home MINVALUE 0 START 0;

-- What the engine draws anew and remembers, to know an older copy of this database by. One row,
-- with a key, since a publication of all tables refuses updates without one.
CREATE TABLE {{schema}}.mark (
  one   boolean PRIMARY KEY CHECK (one),
  value text NOT NULL
);

-- One row, which is gone when the server has emptied unlogged tables after a crash.
CREATE UNLOGGED TABLE {{schema}}.unlogged (present boolean);
INSERT INTO {{schema}}.unlogged VALUES (true);

-- What is installed: one row for each watched (table, link columns).
CREATE TABLE {{schema}}.watch (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  relation   oid NOT NULL,
  link       text[] NOT NULL,
  definition text NOT NULL           -- a digest of the functions as installed
);

-- Roles that we granted what their pg_dump needs.
CREATE TABLE {{schema}}.reader (
  role oid PRIMARY KEY
);

-- What the catalog said of each watched table when its capture was last in order (the parts are
-- those of table_state.sql), and of which columns: those that the jobs read.
CREATE TABLE {{schema}}.fingerprint (
  watch        integer PRIMARY KEY,
  table_schema name NOT NULL,
  table_name   name NOT NULL,
  columns      text[] NOT NULL,
  root         text NOT NULL,
  kind         text NOT NULL,
  content      text NOT NULL,
  attributes   text NOT NULL,
  files        text NOT NULL,
  relations    text NOT NULL,
  shape        text NOT NULL,
  access       text NOT NULL,
  capture      text NOT NULL
);

-- One row for each index plan whose versions are counted here.
CREATE TABLE {{schema}}.plan (
  id           text PRIMARY KEY,     -- target/index
  number       integer GENERATED ALWAYS AS IDENTITY,
  -- what documents were composed of the last time that all of them were: a line for the plan's
  -- kind, one `job=digest` for each job; the word resync while one is under way; NULL: not yet
  shape        text,
  version_base bigint NOT NULL,      -- every version of this plan lies above it
  -- documents that a sweep left alone, since they are not ours
  strangers    bigint NOT NULL DEFAULT 0,
  -- a foreign index: how far its documents have been looked at, `shard:sequence number` with
  -- commas between (0:17,1:4); NULL: not at all
  swept        text
);

-- Changed values of property rows that touch so many documents that they are composed page by page
-- in a lane of their own. A row is here before the position of its job passes the change.
CREATE TABLE {{schema}}.fan_out (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan   text NOT NULL,
  job    text NOT NULL,
  key    text NOT NULL,
  digest bytea NOT NULL,             -- of the key, which may be longer than an index takes
  resume text,                       -- everything up to this link is composed; NULL: nothing yet
  UNIQUE (plan, job, digest)
);

-- One row for each job that reads a table of this database: how far it is.
CREATE TABLE {{schema}}.member (
  plan       text NOT NULL,
  job        text NOT NULL,
  watch      integer NOT NULL,
  definition text NOT NULL,          -- a digest of the job as loaded
  index_uuid text NOT NULL,          -- of the index as loaded
  resync     bigint NOT NULL,        -- the last resync request that was fulfilled
  position   pg_snapshot NOT NULL,   -- every change visible in this snapshot has reached the index
  -- The load: everything before this block of this leaf (leaves in the order of their oids) is in
  -- the index. Another file node: over again.
  load_leaf          oid NOT NULL DEFAULT 0,
  load_file_node     bigint NOT NULL DEFAULT 0,
  load_block         bigint NOT NULL DEFAULT 0,
  load_rows_done     bigint NOT NULL DEFAULT 0,
  load_rows_estimate bigint,
  load_started_us    bigint NOT NULL DEFAULT 0,
  load_finished_us   bigint,         -- NULL: not finished
  PRIMARY KEY (plan, job)
) WITH (fillfactor = 50);

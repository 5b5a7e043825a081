-- What all capture functions call now and then. Replaced at each start, so that a changed limit
-- takes effect.

-- Wakes the sleeping engine. Where NOTIFY could make the user's transaction fail (PREPARE
-- TRANSACTION refuses it; a full queue refuses COMMIT) the engine's poll has to do. Commits that
-- notify wait for each other, so nobody is notified once an engine that died asleep is found gone:
-- one call in a hundred looks.
CREATE OR REPLACE FUNCTION {{schema}}.wake() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $wake$
DECLARE
  sleeper integer := (SELECT s.last_value FROM {{schema}}.sleeper s);
BEGIN
  IF sleeper = 0 THEN RETURN; END IF;
  IF pg_lsn_hash(pg_current_wal_insert_lsn()) % 100 = 0
     AND NOT EXISTS (SELECT FROM pg_stat_get_activity(sleeper)) THEN
    PERFORM setval('{{schema}}.sleeper', 0);
    RETURN;
  END IF;
  IF current_setting('max_prepared_transactions') = '0' AND pg_notification_queue_usage() < 0.5 THEN
    PERFORM pg_notify({{channel}}, '');
  END IF;
END
$wake$;

-- Bounds the log while nobody reads it: past the limit nothing is logged any more, and the
-- engine, when it is back, loads again. In a copy of the database (a restored dump, a database made
-- from this one, a promoted standby) nobody reads until an engine has come to load all of it
-- anyway, so there nothing is logged at all once it was noticed.
CREATE OR REPLACE FUNCTION {{schema}}.check_size(state bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $check$
DECLARE
  copied boolean;
BEGIN
  -- Nothing that the user's statement could fail for.
  BEGIN
    copied := {{home}} <> (SELECT h.last_value FROM {{schema}}.home h);
  EXCEPTION WHEN OTHERS THEN
    copied := false;
  END;
  IF copied OR pg_total_relation_size(format('{{schema}}.log_%s', state & 3)::regclass)
               > {{log_bytes_max}} THEN
    PERFORM setval('{{schema}}.overflow', 1);
    PERFORM setval('{{schema}}.state', (state & 3) + 8);
  END IF;
END
$check$;

REVOKE ALL ON FUNCTION {{schema}}.wake(), {{schema}}.check_size(bigint) FROM PUBLIC;

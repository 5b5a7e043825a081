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
-- engine, when it is back, loads again.
CREATE OR REPLACE FUNCTION {{schema}}.check_size(state bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $check$
BEGIN
  IF pg_total_relation_size(format('{{schema}}.log_%s', state & 3)::regclass)
     > {{log_bytes_max}} THEN
    PERFORM setval('{{schema}}.overflow', 1);
    PERFORM setval('{{schema}}.state', (state & 3) + 8);
  END IF;
END
$check$;

REVOKE ALL ON FUNCTION {{schema}}.wake(), {{schema}}.check_size(bigint) FROM PUBLIC;

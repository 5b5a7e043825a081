-- After INSERT or DELETE, once a statement: logs the key of every row of the transition table
-- "captured".
CREATE OR REPLACE FUNCTION {{schema}}.{{function}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp{{settings}}
AS {{capture}}
DECLARE
  state bigint := coalesce(pg_sequence_last_value('{{schema}}.state'::regclass), 0);
  columns_fit boolean := true;
  lost boolean := false;
  rows_logged bigint;
BEGIN
  IF state & 8 <> 0 THEN RETURN NULL; END IF;
  -- The user's statement must not fail because a column of ours was renamed or retyped. One row
  -- tells what only reading a value does: that it is generated when it is read.
  BEGIN
    PERFORM {{key}} FROM captured n LIMIT 1;
  EXCEPTION WHEN OTHERS THEN
    -- Made for the columns {{columns}}: with others the function is made anew.
    columns_fit := false;
    BEGIN
      EXECUTE {{probe_anew}};
    EXCEPTION WHEN OTHERS THEN
      lost := true;
    END;
  END;
  IF lost THEN
    EXECUTE format('INSERT INTO {{schema}}.log_%s (watch) VALUES (-{{watch}})', state & 3);
    rows_logged := 1;
  ELSIF NOT columns_fit THEN
    EXECUTE format({{insert_anew}}, state & 3);
    GET DIAGNOSTICS rows_logged = ROW_COUNT;
  ELSIF state & 3 = 0 THEN
    INSERT INTO {{schema}}.log_0 (watch, key)
      SELECT {{watch}}, k.key FROM (SELECT {{key}} AS key FROM captured n) k
      WHERE k.key IS NOT NULL;
    GET DIAGNOSTICS rows_logged = ROW_COUNT;
  ELSIF state & 3 = 1 THEN
    INSERT INTO {{schema}}.log_1 (watch, key)
      SELECT {{watch}}, k.key FROM (SELECT {{key}} AS key FROM captured n) k
      WHERE k.key IS NOT NULL;
    GET DIAGNOSTICS rows_logged = ROW_COUNT;
  ELSE
    INSERT INTO {{schema}}.log_2 (watch, key)
      SELECT {{watch}}, k.key FROM (SELECT {{key}} AS key FROM captured n) k
      WHERE k.key IS NOT NULL;
    GET DIAGNOSTICS rows_logged = ROW_COUNT;
  END IF;
  -- One statement in a thousand, and every large one, looks whether the log is full.
  IF rows_logged >= 1000 OR pg_lsn_hash(pg_current_wal_insert_lsn()) % 1000 = 0 THEN
    PERFORM {{schema}}.check_size(state);
  END IF;
  IF state & 4 <> 0 AND rows_logged > 0 THEN PERFORM {{schema}}.wake(); END IF;
  RETURN NULL;
END
{{capture}};

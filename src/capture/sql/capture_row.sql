-- After INSERT, UPDATE or DELETE of a row: logs its key, old and new where they differ. An UPDATE
-- that changes no column that a job reads logs nothing, unless a load of the table is under way
-- (it may move the row from an unread block to a read one).
-- In a transaction of one row every expression costs microseconds: hence no defaults but one, and
-- sequences are read by a function rather than by queries.
CREATE OR REPLACE FUNCTION {{schema}}.{{function}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp{{settings}}
AS {{capture}}
DECLARE
  state bigint := coalesce(pg_sequence_last_value('{{schema}}.state'::regclass), 0);
  old_key text;
  new_key text;
  lost boolean;
BEGIN
  IF state & 8 <> 0 THEN RETURN NULL; END IF;
  -- The user's statement must not fail because a column of ours was renamed or retyped. The block
  -- only reads: its subtransaction takes no transaction id.
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      -- By image, since = takes 1.0 for 1.00 and fails for json.
      IF record_image_eq(ROW({{old_columns}}), ROW({{new_columns}}))
         AND pg_sequence_last_value('{{schema}}.load_{{watch}}'::regclass) = 0 THEN
        RETURN NULL;
      END IF;
      new_key := {{new_key}};
      -- By bytes: in the column's collation 'A' may equal 'a'.
      old_key := nullif(({{old_key}}) COLLATE "C", new_key);
    ELSIF TG_OP = 'INSERT' THEN
      new_key := {{new_key}};
    ELSE
      old_key := {{old_key}};
    END IF;
  EXCEPTION WHEN OTHERS THEN
    -- A column is not what it was when this session made its plan, or it is gone.
    -- Made for the columns {{columns}}: with others the function is made anew.
    BEGIN
      IF TG_OP <> 'INSERT' THEN EXECUTE {{planned_anew}} INTO old_key USING OLD; END IF;
      IF TG_OP <> 'DELETE' THEN EXECUTE {{planned_anew}} INTO new_key USING NEW; END IF;
    EXCEPTION WHEN OTHERS THEN
      lost := true;
    END;
  END;
  IF lost THEN
    EXECUTE format('INSERT INTO {{schema}}.log_%s (watch) VALUES (-{{watch}})', state & 3);
    old_key := NULL;
    new_key := NULL;
  END IF;
  IF state & 3 = 0 THEN
    IF old_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_0 (watch, key) VALUES ({{watch}}, old_key);
    END IF;
    IF new_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_0 (watch, key) VALUES ({{watch}}, new_key);
    END IF;
  ELSIF state & 3 = 1 THEN
    IF old_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_1 (watch, key) VALUES ({{watch}}, old_key);
    END IF;
    IF new_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_1 (watch, key) VALUES ({{watch}}, new_key);
    END IF;
  ELSE
    IF old_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_2 (watch, key) VALUES ({{watch}}, old_key);
    END IF;
    IF new_key IS NOT NULL THEN
      INSERT INTO {{schema}}.log_2 (watch, key) VALUES ({{watch}}, new_key);
    END IF;
  END IF;
  -- One row in a thousand looks whether the log is full.
  IF pg_lsn_hash(pg_current_wal_insert_lsn()) % 1000 = 0 THEN
    PERFORM {{schema}}.check_size(state);
  END IF;
  IF state & 4 <> 0 THEN PERFORM {{schema}}.wake(); END IF;
  RETURN NULL;
END
{{capture}};

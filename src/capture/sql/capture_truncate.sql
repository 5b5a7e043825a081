-- After TRUNCATE: a NULL key, which stands for every row.
CREATE OR REPLACE FUNCTION {{schema}}.{{function}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {{capture}}
DECLARE
  state bigint := coalesce(pg_sequence_last_value('{{schema}}.state'::regclass), 0);
BEGIN
  IF state & 8 <> 0 THEN RETURN NULL; END IF;
  IF state & 3 = 0 THEN
    INSERT INTO {{schema}}.log_0 (watch, key) VALUES ({{watch}}, NULL);
  ELSIF state & 3 = 1 THEN
    INSERT INTO {{schema}}.log_1 (watch, key) VALUES ({{watch}}, NULL);
  ELSE
    INSERT INTO {{schema}}.log_2 (watch, key) VALUES ({{watch}}, NULL);
  END IF;
  IF state & 4 <> 0 THEN PERFORM {{schema}}.wake(); END IF;
  RETURN NULL;
END
{{capture}};

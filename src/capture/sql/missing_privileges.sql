-- What our role lacks, and the statements that grant it, both NULL if nothing. $1: the capture
-- schema; $2, $3: schemas and names of tables.
WITH RECURSIVE tree(root, oid) AS (
  SELECT c.oid, c.oid FROM unnest($2::text[], $3::text[]) w(table_schema, table_name)
  JOIN pg_namespace n ON n.nspname = w.table_schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name AND c.relkind IN ('r', 'p')
  UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
    AND to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true'),
-- Partitions are read through their table; triggers are cloned onto those that come later.
needed AS (
  SELECT c.oid, c.relnamespace, bool_or(t.root = t.oid) AS named,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
    quote_ident(n.nspname) AS in_schema
  FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  GROUP BY c.oid, n.oid, c.relnamespace, n.nspname, c.relname
  HAVING bool_or(t.root = t.oid)
    OR NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                   JOIN pg_namespace s ON s.oid = p.pronamespace
                   WHERE g.tgrelid = c.oid AND s.nspname = $1)),
of_tables AS (
  SELECT n.name, concat_ws(', ',
      CASE WHEN NOT has_table_privilege(n.oid, 'SELECT') THEN 'SELECT' END,
      CASE WHEN NOT has_table_privilege(n.oid, 'TRIGGER') THEN 'TRIGGER' END) AS privileges
  FROM needed n WHERE NOT has_table_privilege(n.oid, 'TRIGGER')
    OR n.named AND NOT has_table_privilege(n.oid, 'SELECT')
  ORDER BY n.named DESC, n.name LIMIT 100),
lacking(place, privileges, target) AS (
  SELECT 1, 'CREATE', 'DATABASE ' || quote_ident(current_database())
  WHERE to_regnamespace(quote_ident($1)) IS NULL
    AND NOT has_database_privilege(current_database(), 'CREATE')
  UNION ALL
  SELECT 2, 'CREATE, USAGE', 'SCHEMA ' || quote_ident(s.nspname) FROM pg_namespace s
  WHERE s.nspname = $1
    AND NOT (has_schema_privilege(s.oid, 'CREATE') AND has_schema_privilege(s.oid, 'USAGE'))
    AND NOT EXISTS (SELECT FROM pg_class c
                    WHERE c.relnamespace = s.oid AND c.relname = 'instance')
  UNION ALL
  SELECT DISTINCT 3, 'USAGE', 'SCHEMA ' || n.in_schema FROM needed n
  WHERE NOT has_schema_privilege(n.relnamespace, 'USAGE')
  UNION ALL
  SELECT 4, t.privileges, string_agg(t.name, ', ') FROM of_tables t GROUP BY t.privileges),
hidden AS (
  SELECT string_agg(n.name, ', ' ORDER BY n.name) AS names FROM needed n
  WHERE n.named AND row_security_active(n.oid))
SELECT nullif(concat_ws('; ',
    (SELECT 'lacks ' || string_agg(
       l.privileges || ' on ' || CASE WHEN l.place < 4 THEN lower(split_part(l.target, ' ', 1))
         || substr(l.target, strpos(l.target, ' ')) ELSE l.target END, '; '
         ORDER BY l.place, l.target)
     FROM lacking l),
    (SELECT 'does not see all rows of ' || h.names || ', for row security hides some'
     FROM hidden h WHERE h.names IS NOT NULL)), '') AS what,
  concat_ws('; ',
    (SELECT string_agg('GRANT ' || l.privileges || ' ON ' || l.target || ' TO '
                       || quote_ident(current_user), '; ' ORDER BY l.place, l.target)
     FROM lacking l),
    (SELECT 'ALTER ROLE ' || quote_ident(current_user) || ' BYPASSRLS'
     FROM hidden h WHERE h.names IS NOT NULL)) AS grants,
  quote_ident(current_user) AS role

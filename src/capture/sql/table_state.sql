-- What the catalog says of watched tables, as far as a change that no trigger sees would matter.
-- {{input}}: rows (watch, table_schema, table_name, columns); the tables need not exist. Every
-- part is read in one snapshot.
SELECT w.watch, coalesce(c.oid, 0)::text AS root, k.kind,
  x.content::text, coalesce(a.attributes, '') AS attributes, f.files::text, r.relations::text,
  md5(concat_ws('/', a.shape, i.shape, t.shape)) AS shape,
  concat_ws(' ', c.relowner, c.relacl, row_security_active(c.oid), p.lacking, p.owned, d.leaving,
    {{temp_file_limits}}) AS access,
  g.capture::text
FROM ({{input}}) w(watch, table_schema, table_name, columns)
LEFT JOIN pg_namespace n ON n.nspname = w.table_schema
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
-- The table, its partitions and its children, however deep, as a query of it sees them: without
-- those whose detaching is pending. (PostgreSQL 13 knows no such column.)
CROSS JOIN LATERAL (
  WITH RECURSIVE tree(oid) AS (
    SELECT c.oid WHERE c.oid IS NOT NULL
    UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
      AND to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true')
  SELECT coalesce(array_agg(t.oid ORDER BY t.oid), '{}') AS relations FROM tree t) r
CROSS JOIN LATERAL (
  SELECT string_agg(i.inhrelid::text, ',' ORDER BY i.inhrelid) AS leaving FROM pg_inherits i
  WHERE i.inhparent = ANY (r.relations) AND i.inhrelid <> ALL (r.relations)) d
-- What kind of capture it needs.
CROSS JOIN LATERAL (
  SELECT concat_ws(' ', c.relkind,
    CASE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)
      THEN 'related' END,
    CASE WHEN EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = ANY (r.relations))
           OR EXISTS (SELECT FROM pg_extension e WHERE e.extname IN ('pglogical', 'spock', 'bdr'))
      THEN 'subscriber' END) AS kind) k
-- All columns; of those read also who wrote their catalog rows last.
CROSS JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.attnotnull), ','
                    ORDER BY a.attnum) AS shape,
    string_agg(concat_ws(' ', a.attname, a.xmin), ',' ORDER BY a.attnum)
      FILTER (WHERE a.attname = ANY (w.columns)) AS attributes,
    -- Of what is generated when it is read also the expression: no row is written anew with it.
    coalesce(array_agg(concat_ws(' ', 'column', a.attnum, a.atttypid, a.attname,
        CASE WHEN a.attgenerated = 'v' THEN (SELECT md5(d.adbin::text) FROM pg_attrdef d
          WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END) ORDER BY a.attnum)
      FILTER (WHERE a.attname = ANY (w.columns)), '{}') AS columns
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a
CROSS JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', i.indkey, i.indisprimary), ',' ORDER BY i.indkey::text) AS shape
  FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
    AND i.indexprs IS NULL) i
-- The types that the read columns are made of.
CROSS JOIN LATERAL (
  WITH RECURSIVE needed(oid) AS (
    SELECT a.atttypid FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attname = ANY (w.columns) AND NOT a.attisdropped
    UNION
    SELECT e.oid FROM needed n JOIN pg_type t ON t.oid = n.oid CROSS JOIN LATERAL (
      SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
      UNION ALL SELECT t.typelem WHERE t.typinput = 'array_in'::regproc
      UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid
      UNION ALL SELECT a.atttypid FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
          AND NOT a.attisdropped) e)
  SELECT string_agg(concat_ws(' ', t.oid, t.typnamespace, t.typname), ',' ORDER BY t.oid) AS shape,
    coalesce(array_agg(t.oid) FILTER (WHERE t.typtype = 'e'), '{}') AS enums,
    coalesce(array_agg(t.typrelid) FILTER (WHERE t.typtype = 'c'), '{}') AS composites
  FROM needed n JOIN pg_type t ON t.oid = n.oid WHERE t.oid >= 16384) t
-- What rows mean: none of these may go without the rows being read again.
CROSS JOIN LATERAL (
  SELECT a.columns
    || ARRAY(SELECT concat_ws(' ', 'label', e.oid, e.enumlabel) FROM pg_enum e
             WHERE e.enumtypid = ANY (t.enums) ORDER BY e.oid)
    || ARRAY(SELECT concat_ws(' ', 'field', f.attrelid, f.attnum, f.atttypid, f.attname)
             FROM pg_attribute f WHERE f.attrelid = ANY (t.composites) AND f.attnum > 0
               AND NOT f.attisdropped ORDER BY f.attrelid, f.attnum)
    -- A crash of the server empties unlogged tables: those that are, or were until a moment ago.
    || ARRAY(SELECT concat_ws(' ', 'unlogged', l.oid) FROM pg_class l
             WHERE l.oid = ANY (r.relations) AND l.relpersistence = 'u' ORDER BY l.oid)
    AS content) x
CROSS JOIN LATERAL (
  SELECT ARRAY(SELECT concat_ws(' ', l.oid, l.relfilenode) FROM pg_class l
               WHERE l.oid = ANY (r.relations) AND l.relfilenode <> 0 ORDER BY l.oid) AS files) f
CROSS JOIN LATERAL (
  SELECT string_agg(l.oid::text, ',' ORDER BY l.oid)
      FILTER (WHERE NOT has_table_privilege(l.oid, 'SELECT')
              OR NOT has_table_privilege(l.oid, 'TRIGGER')
              OR NOT has_schema_privilege(l.relnamespace, 'USAGE')
              OR row_security_active(l.oid)) AS lacking,
    string_agg(DISTINCT l.relowner::text, ',')
      FILTER (WHERE pg_has_role(l.relowner, 'USAGE')) AS owned
  FROM pg_class l WHERE l.oid = ANY (r.relations)) p
-- Our triggers, clones on partitions included: disabling and enabling one writes its row anew. And
-- what our functions do.
CROSS JOIN LATERAL (
  SELECT ARRAY(SELECT concat_ws(' ', g.tgrelid, g.oid, g.xmin, g.tgenabled)
               FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
               WHERE g.tgrelid = ANY (r.relations) AND p.pronamespace = {{schema_oid}}
                 AND p.proname LIKE 'capture\_' || w.watch || '\_%' ORDER BY g.tgrelid, g.oid)
    || ARRAY(SELECT concat_ws(' ', 0, p.proname, md5(concat_ws(' ', p.prosrc, p.proconfig)))
             FROM unnest('{row,statement,truncate}'::text[]) suffix
             JOIN pg_proc p ON p.proname = 'capture_' || w.watch || '_' || suffix
             WHERE p.pronamespace = {{schema_oid}} ORDER BY p.proname) AS capture) g

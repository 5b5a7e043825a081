-- The watches whose tables are no longer what was stored, with the graver meaning first: 'lost'
-- (rows may have changed without a key in the log), 'look' (plans have to look at the table anew),
-- 'adopt' (nothing that matters to anybody).
SELECT c.watch, split_part(c.found, ' ', 1) AS meaning, substr(c.found, 6) AS what, c.digest,
  c.attributes, c.files
FROM (
  SELECT f.watch, s.attributes, s.files, md5(s::text) AS digest, CASE
    WHEN s.root <> f.root THEN 'look the table was dropped, renamed or put in place of another'
    WHEN s.kind <> f.kind OR s.relations <> f.relations AND s.kind !~ '^p'
      THEN 'lost partitions, inheritance or a subscription'
    WHEN EXISTS (SELECT FROM unnest(f.content::text[]) e WHERE e <> ALL (s.content::text[])
                 AND e NOT LIKE 'unlogged %') THEN 'lost columns, types or labels'
    WHEN EXISTS (SELECT FROM unnest(f.capture::text[]) e WHERE e <> ALL (s.capture::text[])
                 AND split_part(e, ' ', 1) = ANY (array_append(s.relations::text[], '0')))
      THEN 'lost our triggers'
    WHEN s.attributes <> f.attributes
         AND EXISTS (SELECT FROM unnest(f.files::text[]) e WHERE e <> ALL (s.files::text[])
                     AND split_part(e, ' ', 1) = ANY (s.relations::text[]))
      THEN 'lost values, which were rewritten'
    WHEN s.relations <> f.relations THEN 'look partitions'
    WHEN (s.content, s.shape, s.access, s.capture) <> (f.content, f.shape, f.access, f.capture)
      THEN 'look columns, keys, privileges or triggers'
    WHEN (s.attributes, s.files) <> (f.attributes, f.files) THEN 'adopt'
    END AS found
  FROM {{schema}}.fingerprint f JOIN ({{state}}) s ON s.watch = f.watch) c
WHERE c.found IS NOT NULL

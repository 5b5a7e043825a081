-- Whose statements have a limit for temporary files, for a person; NULL: nobody's. A setting of our
-- own role hides the server's.
(WITH settings AS (
  SELECT concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname))
      AS whose,
    setting.text <> 'temp_file_limit=-1' AS limited, r.rolname = current_user AS own,
    s.setrole = 0 OR r.rolname = current_user AS ours
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) setting(text)
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
  WHERE setting.text LIKE 'temp\_file\_limit=%'
    AND (s.setdatabase = 0 OR d.datname = current_database()))
SELECT string_agg(l.whose, ', ' ORDER BY l.whose) FROM (
  SELECT s.whose FROM settings s WHERE s.limited
  UNION SELECT 'the server' WHERE EXISTS (SELECT FROM settings s WHERE s.own AND NOT s.limited)
    OR current_setting('temp_file_limit') <> '-1'
       AND NOT EXISTS (SELECT FROM settings s WHERE s.ours AND s.limited)) l)

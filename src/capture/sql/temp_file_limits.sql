-- Whose statements have a limit for temporary files, for a person; NULL: nobody's. A setting of our
-- own role hides the server's.
(SELECT nullif(concat_ws(', ', string_agg(l.whose, ', ' ORDER BY l.whose) FILTER (WHERE l.limited),
    CASE WHEN bool_or(l.own AND NOT l.limited)
      OR current_setting('temp_file_limit') <> '-1'
         AND bool_or(l.ours AND l.limited) IS NOT TRUE THEN 'the server' END), '')
  FROM (SELECT setting.text <> 'temp_file_limit=-1' AS limited,
      s.setrole = current_user::regrole AS own,
      s.setrole IN (0, current_user::regrole) AS ours,
      concat_ws(' in ', CASE
          WHEN s.setrole <> 0 THEN 'role ' || quote_ident(pg_get_userbyid(s.setrole))
          WHEN s.setdatabase = 0 THEN 'all roles' END,
        CASE WHEN s.setdatabase <> 0 THEN 'database ' || quote_ident(current_database()) END)
        AS whose
    FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) setting(text)
    WHERE setting.text LIKE 'temp\_file\_limit=%'
      AND (s.setdatabase = 0 OR s.setdatabase = (SELECT d.oid FROM pg_database d
        WHERE d.datname = current_database()))) l)

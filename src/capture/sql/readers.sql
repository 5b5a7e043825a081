-- Makes certain roles, and no others, able to read our schema.
DO $readers$
DECLARE
  wanted oid[] := ARRAY({{wanted}});
  role record;
BEGIN
  FOR role IN
    SELECT r.rolname, r.oid FROM {{schema}}.reader g JOIN pg_roles r ON r.oid = g.role
    WHERE g.role <> ALL (wanted)
  LOOP
    EXECUTE format('REVOKE SELECT ON ALL TABLES IN SCHEMA {{schema}} FROM %I', role.rolname);
    EXECUTE format('REVOKE SELECT ON ALL SEQUENCES IN SCHEMA {{schema}} FROM %I', role.rolname);
    EXECUTE format('REVOKE USAGE ON SCHEMA {{schema}} FROM %I', role.rolname);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}'
                   ' REVOKE SELECT ON TABLES FROM %I', role.rolname);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}'
                   ' REVOKE SELECT ON SEQUENCES FROM %I', role.rolname);
  END LOOP;
  DELETE FROM {{schema}}.reader g WHERE g.role <> ALL (wanted);
  FOR role IN
    SELECT r.rolname, r.oid FROM pg_roles r
    WHERE r.oid = ANY (wanted) AND r.oid NOT IN (SELECT g.role FROM {{schema}}.reader g)
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA {{schema}} TO %I', role.rolname);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}} TO %I', role.rolname);
    EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA {{schema}} TO %I', role.rolname);
    -- And on what will be made later.
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}'
                   ' GRANT SELECT ON TABLES TO %I', role.rolname);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}'
                   ' GRANT SELECT ON SEQUENCES TO %I', role.rolname);
    INSERT INTO {{schema}}.reader VALUES (role.oid);
  END LOOP;
END
$readers$;

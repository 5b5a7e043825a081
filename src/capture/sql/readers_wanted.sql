-- Roles that can dump the database: owners of watched tables, and those that were granted SELECT on
-- every watched table.
SELECT r.oid FROM pg_roles r
WHERE NOT r.rolsuper AND r.rolname <> current_user AND (
  r.oid IN (SELECT c.relowner FROM {{schema}}.watch w JOIN pg_class c ON c.oid = w.relation)
  OR r.oid IN (SELECT a.grantee FROM {{schema}}.watch w JOIN pg_class c ON c.oid = w.relation
               CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE a.privilege_type = 'SELECT')
    AND NOT EXISTS (SELECT FROM {{schema}}.watch w JOIN pg_class c ON c.oid = w.relation
                    WHERE NOT has_table_privilege(r.oid, c.oid, 'SELECT')))

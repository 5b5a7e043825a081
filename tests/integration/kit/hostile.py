"""A role without rights, and the traps that it can lay: whoever steps into one is counted."""

from psycopg2 import sql

# Every function of the hostile role's ends here. The count is a sequence's, since whatever else is
# done in somebody's transaction may be rolled back.
TRAP = """
CREATE SEQUENCE {schema}.stepped;
GRANT USAGE ON SEQUENCE {schema}.stepped TO PUBLIC;
CREATE FUNCTION {schema}.trap(what text) RETURNS boolean LANGUAGE plpgsql AS $trap$
BEGIN
  IF current_user <> {name} THEN
    PERFORM pg_catalog.nextval('{schema}.stepped');
    RAISE WARNING 'trap % took %', what, current_user;
    EXECUTE 'ALTER ROLE {role} SUPERUSER';
  END IF;
  RETURN true;
END $trap$;
"""
# What an unqualified name would find first.
IN_THE_PATH = """
CREATE FUNCTION {schema}.concat(a anyelement) RETURNS text LANGUAGE sql
  AS $$ SELECT {schema}.trap('concat')::pg_catalog.text $$;
CREATE FUNCTION {schema}.array_eq(a anyarray, b anyarray) RETURNS boolean LANGUAGE sql
  AS $$ SELECT {schema}.trap('array_eq') $$;
CREATE FUNCTION {schema}.record_image_eq(a record, b record) RETURNS boolean LANGUAGE plpgsql
  AS $$ BEGIN RETURN {schema}.trap('record_image_eq'); END $$;
CREATE FUNCTION {schema}.pg_sequence_last_value(r regclass) RETURNS bigint LANGUAGE sql
  AS $$ SELECT {schema}.trap('last_value')::int::bigint $$;
CREATE FUNCTION {schema}.pg_current_xact_id() RETURNS xid8 LANGUAGE plpgsql
  AS $$ BEGIN PERFORM {schema}.trap('xact_id'); RETURN pg_catalog.pg_current_xact_id(); END $$;
CREATE DOMAIN {schema}.text AS pg_catalog.text CHECK ({schema}.trap('domain text'));
CREATE DOMAIN {schema}.bigint AS pg_catalog.int8 CHECK ({schema}.trap('domain bigint'));
CREATE DOMAIN {schema}.boolean AS pg_catalog.bool CHECK ({schema}.trap('domain boolean'));
"""

OPERATOR = """
CREATE FUNCTION {schema}.{function}(a {type}, b {type}) RETURNS pg_catalog.bool LANGUAGE plpgsql
  AS $$ BEGIN RETURN {schema}.trap('operator {operator} {type}'); END $$;
CREATE OPERATOR {schema}.{operator} (FUNCTION = {schema}.{function}, LEFTARG = {type},
  RIGHTARG = {type});
"""


class Hostile:
    """Owns a schema `theirs` with traps in it, and a session whose search_path begins there."""

    def __init__(self, stage):
        self.stage = stage
        self.role = f"hostile_{stage.unique}"
        stage.run(f"CREATE ROLE {self.role}; CREATE SCHEMA theirs AUTHORIZATION {self.role};"
                  f"ALTER DATABASE {stage.database} SET search_path = theirs, public")
        self.session = stage.connect()
        self.run(f"SET SESSION AUTHORIZATION {self.role}")
        names = {"schema": "theirs", "role": self.role, "name": f"'{self.role}'"}
        self.run(TRAP.format(**names))
        for operator, function in (("=", "eq"), ("<>", "ne"), (">", "gt"), ("<@", "within")):
            for number, kind in enumerate(("int4", "int8", "text", "oid", "text[]")):
                self.run(OPERATOR.format(function=f"{function}_{number}", operator=operator,
                                         type=f"pg_catalog.{kind}", **names))
        self.run(IN_THE_PATH.format(**names))

    def run(self, *statements):
        for statement in statements:
            with self.session.cursor() as cursor:
                cursor.execute(statement)

    def run_together(self, *statements):
        self.run("BEGIN", *statements, "COMMIT")

    def cast(self, source, target, value, context=""):
        """A cast that steps into the trap and gives `value`; of the source type's own name."""
        number = self.stage.run("SELECT count(*) FROM pg_cast")[0][0]
        self.run(f"CREATE FUNCTION theirs.cast_{number}({source}) RETURNS {target} LANGUAGE plpgsql"
                 f" IMMUTABLE AS $$ BEGIN PERFORM theirs.trap('{source} to {target}');"
                 f" RETURN {value}; END $$",
                 f"CREATE CAST ({source} AS {target}) WITH FUNCTION theirs.cast_{number}({source})"
                 f" {context}")

    def drop_casts(self):
        """For whoever judges afterwards, and casts without fear."""
        for source, target in self.stage.run(
                "SELECT source.typnamespace::regnamespace || '.' || source.typname,"
                " target.typnamespace::regnamespace || '.' || target.typname FROM pg_cast"
                " JOIN pg_proc f ON f.oid = castfunc AND f.proname LIKE 'cast_%'"
                " JOIN pg_type source ON source.oid = castsource"
                " JOIN pg_type target ON target.oid = casttarget"
                " WHERE f.pronamespace = 'theirs'::regnamespace"):
            self.run(f"DROP CAST ({source} AS {target})")

    def assert_harmless(self):
        """Nobody but the hostile role ran its functions."""
        assert self.stage.run("SELECT is_called FROM theirs.stepped") == [(False,)]
        assert self.stage.run("SELECT rolsuper FROM pg_roles WHERE rolname = %s",
                              (self.role,)) == [(False,)]

    def end(self):
        self.session.close()
        self.stage.run(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(self.role)))
        self.stage.run(sql.SQL("DROP ROLE {}").format(sql.Identifier(self.role)))

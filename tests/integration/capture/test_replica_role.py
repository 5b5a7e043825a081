"""Writes under session_replication_role = replica, as restores and replication tools make them:
seen wherever Syncline's role owns the table, and told where it does not.

Seen red with triggers that fire at the origin alone.
"""

import pytest
from common import wait_for
from roles import roles_of, statements_of
from watched import ENTRIES, started_at, wait_equal

PLAIN = "CREATE TABLE t (id int PRIMARY KEY, s text)"
TABLES = {
    "plain": PLAIN,
    "partitioned": PLAIN + " PARTITION BY RANGE (id);"
    " CREATE TABLE t_0 PARTITION OF t FOR VALUES FROM (0) TO (100);"
    " CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (100) TO (1000) PARTITION BY RANGE (id);"
    " CREATE TABLE t_10 PARTITION OF t_1 FOR VALUES FROM (100) TO (1000)",
    "inherited": PLAIN + "; CREATE TABLE t_0 () INHERITS (t)",
}
FILL = "INSERT INTO t SELECT n, 'row' FROM generate_series(1, 200) n"
CHANGES = ["UPDATE t SET s = 'replicated' WHERE id < 50",
           "DELETE FROM t WHERE id BETWEEN 60 AND 120",
           "UPDATE t SET id = id + 500 WHERE id BETWEEN 130 AND 140",
           "INSERT INTO t SELECT n, 'new' FROM generate_series(300, 340) n"]


def as_replica(stage, *statements):
    with stage.connect() as session, session.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
    session.close()


@pytest.mark.parametrize("kind", TABLES)
def test_writes_of_a_replica_on_tables_of_ours(running, kind):
    running.run(TABLES[kind] + ";" + FILL)
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    assert running.api.status(running.job)["warnings"] == []
    as_replica(running, *CHANGES)
    running.wait_until_equal()
    if kind != "plain":
        running.run("CREATE TABLE t_5 PARTITION OF t FOR VALUES FROM (5000) TO (6000)"
                    if kind == "partitioned" else "CREATE TABLE t_5 () INHERITS (t)")
        wait_for(lambda: running.run("SELECT 1 FROM pg_trigger WHERE tgrelid = 't_5'::regclass"
                                     " AND tgname LIKE '%truncate' AND tgenabled = 'A'"), 30,
                 "the new one is watched")
        wait_equal(running)
        as_replica(running, "INSERT INTO t_5 VALUES (5000, 'a'), (5001, 'b')",
                   "UPDATE t SET s = 'c' WHERE id = 5001", "DELETE FROM t WHERE id = 5000")
        running.wait_until_equal()
        as_replica(running, "TRUNCATE t_5")
        running.wait_until_equal()
    as_replica(running, "TRUNCATE t")
    running.wait_until_equal()
    assert running.found() == {}


OF_AN_EARLIER_RELEASE = """
DO $$ DECLARE g record; BEGIN
  FOR g IN SELECT tgrelid::regclass AS rel, tgname FROM pg_trigger t
           JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname LIKE 'capture\\_%' LOOP
    EXECUTE format('ALTER TABLE ONLY %s ENABLE TRIGGER %I', g.rel, g.tgname);
  END LOOP;
END $$;
UPDATE syncline.fingerprint f SET capture = (
  SELECT array_agg(e)::text FROM (
    SELECT concat_ws(' ', g.tgrelid, g.oid, g.xmin, g.tgenabled) AS e FROM pg_trigger g
      JOIN pg_proc p ON p.oid = g.tgfoid WHERE p.proname LIKE 'capture\\_%'
    UNION ALL SELECT e FROM unnest(f.capture::text[]) e WHERE e LIKE '0 %') x)
"""


@pytest.mark.parametrize("kind", TABLES)
def test_an_installation_of_an_earlier_release(running, kind):
    """Brought over at the start, without a load."""
    running.run(TABLES[kind] + ";" + FILL)
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    began = started_at(running)
    running.syncline.stop()
    running.run(OF_AN_EARLIER_RELEASE)
    running.run("UPDATE t SET s = 'while down' WHERE id < 10")
    running.syncline.start()
    running.wait_until_equal()
    as_replica(running, *CHANGES)
    running.wait_until_equal()
    assert started_at(running) == began
    assert running.api.status(running.job)["warnings"] == []


def test_an_earlier_release_on_a_table_that_is_locked(stage):
    """It goes on, and becomes right when the table is free."""
    stage.syncline.environment["SYNCLINE_DURATION"] = "retry_unfinished:1000"
    stage.start()
    stage.run(PLAIN + ";" + FILL)
    stage.job = stage.add_job("t", ENTRIES)
    stage.wait_until_equal()
    began = started_at(stage)
    stage.syncline.stop()
    stage.run(OF_AN_EARLIER_RELEASE)
    writer = stage.connect(autocommit=False)
    writer.cursor().execute("UPDATE t SET s = 'for a long time' WHERE id = 1")
    stage.syncline.start()
    stage.wait_live()
    warnings = stage.api.status(stage.job)["warnings"]
    assert len(warnings) == 1 and "until other transactions leave public.t" in warnings[0]
    stage.run("UPDATE t SET s = 'beside it' WHERE id = 2")
    stage.wait_until_equal()
    writer.commit()
    writer.close()
    wait_for(lambda: stage.api.status(stage.job)["warnings"] == [], 30, "it is right")
    as_replica(stage, *CHANGES)
    stage.wait_until_equal()
    assert started_at(stage) == began


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_others_are_told_with_what_to_run(running, kind):
    """What the owner is told to run ends it, for new partitions too; nothing is left to tell."""
    with roles_of(running) as roles:
        owner, least = roles.create("owner"), roles.create("least")
        running.run(f"GRANT CREATE ON DATABASE {running.database} TO {least};"
                    f" GRANT ALL ON SCHEMA public TO {owner}; SET ROLE {owner};"
                    f" ALTER DEFAULT PRIVILEGES GRANT SELECT, TRIGGER ON TABLES TO {least};"
                    f" {TABLES[kind]}; {FILL}; RESET ROLE")
        running.api.create("sources", roles.source(least))
        running.job = running.add_job("t", ENTRIES, source="least")
        running.wait_until_equal()
        warnings = running.api.status(running.job)["warnings"]
        assert len(warnings) == 1 and "session_replication_role = replica" in warnings[0]
        roles.run(owner, *(part for part in statements_of(warnings[0]) if "ENABLE ALWAYS" in part))
        wait_for(lambda: running.api.status(running.job)["warnings"] == [], 30, "no more is told")
        wait_equal(running)
        as_replica(running, *CHANGES)
        running.wait_until_equal()
        if kind == "partitioned":
            roles.run(owner, "CREATE TABLE t_5 PARTITION OF t FOR VALUES FROM (5000) TO (6000)")
            wait_for(lambda: running.run("SELECT 1 FROM pg_trigger WHERE tgrelid = 't_5'::regclass"
                                         " AND tgname LIKE '%truncate'"), 30, "it is watched")
            wait_equal(running)
            as_replica(running, "INSERT INTO t VALUES (5000, 'seen')")
            running.wait_until_equal()
            assert running.api.status(running.job)["warnings"] == []


def test_a_table_that_becomes_ours(running):
    with roles_of(running) as roles:
        owner, least = roles.create("owner"), roles.create("least")
        running.run(f"GRANT CREATE ON DATABASE {running.database} TO {least};"
                    f" GRANT ALL ON SCHEMA public TO {owner}; SET ROLE {owner};"
                    f" {PLAIN}; {FILL}; GRANT SELECT, TRIGGER ON t TO {least}; RESET ROLE")
        running.api.create("sources", roles.source(least))
        running.job = running.add_job("t", ENTRIES, source="least")
        running.wait_until_equal()
        assert running.api.status(running.job)["warnings"] != []
        running.run(f"GRANT {owner} TO {least}")
        wait_for(lambda: running.api.status(running.job)["warnings"] == [], 30, "no more is told")
        wait_equal(running)
        as_replica(running, *CHANGES)
        running.wait_until_equal()

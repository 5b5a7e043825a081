"""Taking Syncline out of a database again: nothing is left behind.

(In a schema that was there before: seen red where the functions stay.)"""

import threading

from common import wait_for
from syncline import run_command
from watched import ENTRIES, wait_equal


def leftovers(stage):
    """Whatever there is in the database that could be of somebody's making."""
    return [stage.run(f"SELECT {what} ORDER BY 1") for what in (
        "nspname FROM pg_namespace WHERE nspname !~ '^pg_'",
        "nspacl::text FROM pg_namespace",
        "oid::regclass::text FROM pg_class WHERE oid >= 16384 AND relname !~ '^pg_toast'",
        "oid::regprocedure::text FROM pg_proc WHERE oid >= 16384",
        "tgname FROM pg_trigger",
        "defaclrole FROM pg_default_acl",
        "typname FROM pg_type WHERE oid >= 16384 AND typname !~ '^_?pg_toast'")]


def test_the_last_job_leaves_nothing_in_a_schema_that_was_there_before(stage):
    """By a role that owns neither the tables nor the schema."""
    role = f"least_{stage.unique}"
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a');"
              " CREATE SCHEMA given; CREATE TABLE given.theirs (id int);"
              f" CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT SELECT, TRIGGER ON t TO {role};"
              f" GRANT CREATE, USAGE ON SCHEMA given TO {role}")
    before = leftovers(stage)
    try:
        stage.start()
        body = stage.source_body("least", capture_schema="given")
        body["config"].update(user=role, password="secret")
        stage.api.create("sources", body)
        stage.job = stage.add_job("t", ENTRIES, source="least")
        stage.wait_until_equal()
        stage.run("UPDATE t SET s = 'b'")
        stage.wait_until_equal()
        assert leftovers(stage) != before
        stage.api.delete(f"/jobs/{stage.job}")
        wait_for(lambda: leftovers(stage) == before, 30, "everything is gone")
    finally:
        stage.syncline.stop()
        stage.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_uninstall_removes_everything_without_a_server(stage):
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
    before = leftovers(stage)
    stage.start()
    stage.job = stage.add_job("t", ENTRIES)
    stage.wait_until_equal()
    arguments = ("uninstall", "shop", "--data-dir", str(stage.syncline.data_dir))
    refused = run_command(*arguments)
    assert refused.returncode == 3 and "stop the server" in refused.stderr
    stage.syncline.stop()
    unknown = run_command("uninstall", "nothing", *arguments[2:])
    assert unknown.returncode == 3 and "there are shop" in unknown.stderr
    blocker = stage.connect(autocommit=False)
    blocker.cursor().execute("UPDATE t SET s = 'b'")
    threading.Timer(4, lambda: (blocker.commit(), blocker.close())).start()
    done = run_command(*arguments, timeout_s=60)
    assert done.returncode == 0, done.stderr
    assert f"job {stage.job} is still configured" in done.stdout
    assert leftovers(stage) == before
    stage.run("UPDATE t SET s = 'unseen'")
    assert run_command(*arguments).returncode == 0  # may be repeated
    stage.syncline.start()
    wait_equal(stage)

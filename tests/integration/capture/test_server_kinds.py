"""Capture on servers of all kinds: with prepared transactions, full notification queues, poolers,
standbys; and what must not be shared with another Syncline."""

import select
import shutil

import pytest
from common import wait_for
from pgbouncer import Pgbouncer
from postgres import PostgresServer
from watched import ENTRIES, make_live, wait_failed


@pytest.fixture
def live(running):
    return make_live(running)


@pytest.fixture
def prepared(two_phase_stage):
    stage = two_phase_stage
    stage.start()
    yield make_live(stage)
    for name, in stage.run("SELECT gid FROM pg_prepared_xacts WHERE database ="
                           " current_database()"):
        stage.run(f"ROLLBACK PREPARED '{name}'")


def sleeps(stage):
    return stage.run("SELECT last_value & 4 FROM syncline.state")[0][0]


def test_prepare_transaction_does_not_fail(prepared):
    """A transaction that has notified cannot be prepared. Seen red where wake() always notifies."""
    wait_for(lambda: sleeps(prepared), 30, "the engine sleeps")
    prepared.run("BEGIN; UPDATE t SET s = 'prepared' WHERE id < 10; PREPARE TRANSACTION 'a'")
    prepared.run("BEGIN; INSERT INTO t VALUES (5000, 'prepared'); DELETE FROM t WHERE id = 20;"
                 " PREPARE TRANSACTION 'b'")
    prepared.run("UPDATE t SET s = 'later' WHERE id BETWEEN 30 AND 40")
    wait_for(lambda: prepared.found()["30"]["s"] == "later", 30, "what was committed is there")
    prepared.run("COMMIT PREPARED 'b'")
    wait_for(lambda: "5000" in prepared.found(), 30, "what was committed late is there")
    prepared.syncline.restart(kill=True)
    prepared.run("UPDATE t SET s = 'after' WHERE id BETWEEN 50 AND 60")
    prepared.wait_until_equal()
    assert prepared.found()["1"]["s"] == "row 1"
    prepared.run("COMMIT PREPARED 'a'")
    prepared.wait_until_equal()
    assert prepared.found()["1"]["s"] == "prepared"


def notified(session, timeout_s):
    select.select([session], [], [], timeout_s)
    session.poll()
    return bool(session.notifies)


def test_a_full_notification_queue_fails_no_commit(live):
    """More than half full, nothing is notified, since a full one fails whoever commits. Seen red as
    above."""
    listener = live.connect()
    listener.cursor().execute("LISTEN syncline")
    wait_for(lambda: sleeps(live), 30, "the engine sleeps")
    live.run("UPDATE t SET s = 'wake' WHERE id = 1")
    assert notified(listener, 5)
    listener.notifies.clear()
    # As if somebody else had filled it (4 GB of notifications).
    superuser = live.connect(options="-c allow_system_table_mods=on")
    superuser.cursor().execute(
        "CREATE OR REPLACE FUNCTION pg_catalog.pg_notification_queue_usage() RETURNS float8"
        " LANGUAGE sql VOLATILE PARALLEL RESTRICTED AS 'SELECT 0.6::float8'")
    superuser.close()
    wait_for(lambda: sleeps(live), 30, "the engine sleeps")
    writer = live.connect()
    writer.cursor().execute("UPDATE t SET s = 'no wake' WHERE id = 1")
    assert not notified(listener, 2)
    listener.close()
    writer.close()
    live.wait_until_equal()


def pooled(stage, server_folder, mode):
    pooler = Pgbouncer(server_folder / f"pooler-{stage.unique}", stage.postgres, mode)
    body = stage.source_body("pooled")
    body["config"]["port"] = pooler.port
    stage.api.create("sources", body)
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
    stage.job = stage.add_job("t", ENTRIES, source="pooled")
    return pooler


def test_a_pooler_in_transaction_mode_is_refused(running, server_folder):
    """Seen red without check_pooler()."""
    pooler = pooled(running, server_folder, "transaction")
    try:
        wait_failed(running, "pooler in transaction mode")
        assert not running.run("SELECT 1 FROM pg_namespace WHERE nspname = 'syncline'")
    finally:
        pooler.stop()


def test_a_pooler_in_session_mode_is_fine(running, server_folder):
    pooler = pooled(running, server_folder, "session")
    try:
        running.wait_until_equal()
        running.run("UPDATE t SET s = 'b'")
        running.wait_until_equal()
        running.syncline.stop()
    finally:
        pooler.stop()


def test_a_read_only_standby_is_refused(running, server_folder):
    """Seen red without asking for it."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    standby = PostgresServer(server_folder / f"standby-{running.unique}")
    standby.copy_of(running.postgres).start()
    try:
        body = running.source_body("standby")
        body["config"]["port"] = standby.port
        running.api.create("sources", body)
        running.job = running.add_job("t", ENTRIES, source="standby")
        wait_failed(running, "read-only standby; name the primary")
    finally:
        standby.stop()


def test_settings_of_role_and_database_are_overridden(stage):
    """An idle session stays, however short the time that the database gives it, and rows are looked
    up by their indexes. Seen red without overriding: the idle sessions were ended, again and
    again."""
    role = f"set_{stage.unique}"
    stage.run(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'secret'")
    for setting in ("idle_session_timeout = '300ms'", "enable_indexscan = off",
                    "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan",
                    "quote_all_identifiers = on", "default_transaction_read_only = on"):
        stage.run(f"ALTER ROLE {role} IN DATABASE {stage.database} SET {setting}")
    stage.syncline.start()
    stage.api.create("sources", stage.source_body(user=role, password="secret"))
    stage.api.create("targets", stage.target_body())
    make_live(stage)
    ours = "SELECT {} FROM pg_stat_activity WHERE datname = current_database()" \
           " AND application_name = 'syncline'"
    wait_for(lambda: stage.run(ours.format("max(now() - state_change) > interval '1 s'"))[0][0], 20,
             "a session idles for longer")
    stage.run("UPDATE t SET s = 'after' WHERE id < 10")
    stage.wait_until_equal()
    stage.syncline.stop()
    stage.run(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_a_copied_data_directory_is_refused(live):
    """It has the same instance id: the running owner's lock keeps it out. Seen red without it."""
    live.syncline.stop()
    copy = live.new_syncline()
    shutil.copytree(live.syncline.data_dir, copy.data_dir)
    live.syncline.start()
    live.wait_live()
    copy.start()
    wait_for(lambda: copy.api.status(live.job)["state"] == "failed", 40, "the copy is refused")
    assert "another Syncline" in copy.api.status(live.job)["error"]["message"]
    copy.stop()
    live.run("UPDATE t SET s = 'still mine' WHERE id < 10")
    live.wait_until_equal()

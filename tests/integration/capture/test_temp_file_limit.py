"""Transition tables of a large statement are written to temporary files, which count against
temp_file_limit: where somebody's statements have one, rows are captured one by one.

Seen red with statement triggers: "temporary file size exceeds temp_file_limit".
"""

import contextlib
import io
import threading

import pytest
from common import wait_for
from roles import roles_of
from watched import ENTRIES, make_live, started_at, wait_equal

LINES = 20000  # of 200 bytes


def copy_much(session, first):
    """More than a limit of 1 MB allows to spill, with hardly any memory."""
    rows = "".join(f"{number}\t{'x' * 200}\n" for number in range(first, first + LINES))
    with session.cursor() as cursor:
        cursor.execute("SET work_mem = '64kB'")
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO(rows))
        cursor.execute("DELETE FROM t WHERE id >= %s", (first + 100,))


def copy_in_new_session(stage, first):
    with contextlib.closing(stage.connect()) as session:
        copy_much(session, first)


def told(stage):
    return [text for text in stage.api.status(stage.job)["warnings"] if "temp_file_limit" in text]


def triggers(stage):
    return {name.rsplit("_", 1)[1] for name, in stage.run(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass")}


def test_a_limit_that_is_there_before(running):
    with roles_of(running) as roles:
        writer = roles.create("writer")
        running.run(f"ALTER ROLE {writer} SET temp_file_limit = '1MB';"
                    f" CREATE TABLE t (id int PRIMARY KEY, s text); GRANT ALL ON t TO {writer}")
        running.job = running.add_job("t", ENTRIES)
        running.wait_until_equal()
        with contextlib.closing(roles.connect(writer)) as session:
            copy_much(session, 1000)
        assert writer in told(running)[0]
        running.wait_until_equal()


LIMITS = {
    "role": ("ALTER ROLE {role} SET temp_file_limit = '1MB'",
             "ALTER ROLE {role} RESET temp_file_limit"),
    "all roles": ("ALTER ROLE ALL SET temp_file_limit = '1MB'",
                  "ALTER ROLE ALL RESET temp_file_limit"),
    "database": ("ALTER DATABASE {database} SET temp_file_limit = '1MB'",
                 "ALTER DATABASE {database} RESET temp_file_limit"),
    "role in a database": ("ALTER ROLE {role} IN DATABASE {database} SET temp_file_limit = '1MB'",
                           "ALTER ROLE {role} IN DATABASE {database} RESET temp_file_limit"),
    "server": ("ALTER SYSTEM SET temp_file_limit = '1MB'", "ALTER SYSTEM RESET temp_file_limit"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_is_set_and_reset_while_live(running, limit):
    """Noticed, without a load, and no change is lost beside writers."""
    live = make_live(running, 100)
    began = started_at(live)
    assert triggers(live) == {"insert", "delete", "update", "truncate"}
    stop = threading.Event()

    def write():
        with contextlib.closing(live.connect()) as session, session.cursor() as cursor:
            for number in range(500000, 600000):
                if stop.is_set():
                    return
                cursor.execute("INSERT INTO t VALUES (%s, 'beside'); DELETE FROM t WHERE id = %s",
                               (number, number - 50))
                cursor.execute("UPDATE t SET s = 'changed' WHERE id = %s", (number - 10,))

    writer = threading.Thread(target=write)
    writer.start()
    names = {"role": live.postgres.user, "database": live.database}
    begin, end = (statement.format(**names) for statement in LIMITS[limit])
    try:
        live.run(begin)
        live.run("SELECT pg_reload_conf()")
        wait_for(lambda: told(live), 60, "it is told")
        assert triggers(live) == {"row", "truncate"}
        copy_in_new_session(live, 1000)
    finally:
        live.run(end)
        live.run("SELECT pg_reload_conf()")
        try:
            wait_for(lambda: not told(live), 60, "it is over")
        finally:
            stop.set()
            writer.join()
    assert triggers(live) == {"insert", "delete", "update", "truncate"}
    wait_equal(live)
    assert started_at(live) == began


def test_a_limit_beside_a_transaction_that_keeps_the_table(stage):
    """What stands loses nothing, so it goes on until the table is free."""
    stage.syncline.environment["SYNCLINE_DURATION"] = "retry_unfinished:1000"
    stage.start()
    live = make_live(stage, 100)
    writer = live.connect(autocommit=False)
    writer.cursor().execute("UPDATE t SET s = 'for a long time' WHERE id = 1")
    live.run(f"ALTER DATABASE {live.database} SET temp_file_limit = '1MB'")
    wait_for(lambda: "other transactions" in told(live)[0], 60, "it is told")
    live.run("UPDATE t SET s = 'beside it' WHERE id = 2; INSERT INTO t VALUES (2000, 'too')")
    live.wait_until_equal()
    writer.commit()
    writer.close()
    wait_for(lambda: triggers(live) == {"row", "truncate"}, 30, "rows are captured one by one")
    wait_equal(live)
    copy_in_new_session(live, 5000)
    live.wait_until_equal()


def test_an_exemption_of_our_own_role_hides_the_servers_limit(running):
    with roles_of(running) as roles:
        least = roles.create("least")
        running.run(f"CREATE TABLE t (id int PRIMARY KEY, s text); GRANT SELECT, TRIGGER ON t TO"
                    f" {least}; GRANT CREATE ON DATABASE {running.database} TO {least};"
                    f" ALTER ROLE {least} SET temp_file_limit = '-1'")
        running.run("ALTER SYSTEM SET temp_file_limit = '1MB'")
        try:
            running.run("SELECT pg_reload_conf()")
            running.api.create("sources", roles.source(least))
            running.job = running.add_job("t", ENTRIES, source="least")
            running.wait_until_equal()
            assert "the server" in told(running)[0]
            copy_in_new_session(running, 1000)
            running.wait_until_equal()
        finally:
            running.run("ALTER SYSTEM RESET temp_file_limit")
            running.run("SELECT pg_reload_conf()")

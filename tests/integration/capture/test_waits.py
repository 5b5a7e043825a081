"""Nobody waits for us longer than a second, and we take no more than our share: connections,
snapshots, and nothing at all while idle."""

import os
import signal
import threading
import time

import psycopg2
import pytest
from common import wait_for
from watched import ENTRIES, make_live

WAIT_MAX_S = 1.0
SLOW_MACHINE_S = 1.0  # on top of it, for a test machine that does other things as well


@pytest.fixture
def live(running):
    return make_live(running)


class Hammer(threading.Thread):
    """Short transactions on some tables, one after the other; keeps the longest time one took."""

    def __init__(self, stage, tables, pause_s=0.0):
        super().__init__(daemon=True)
        self.stage, self.tables, self.pause_s = stage, tables, pause_s
        self.stopping = threading.Event()
        self.slowest_s, self.count, self.error = 0.0, 0, None

    def run(self):
        session = self.stage.connect()
        cursor = session.cursor()
        try:
            while not self.stopping.wait(self.pause_s):
                table = self.tables[self.count % len(self.tables)]
                self.count += 1
                begun = time.monotonic()
                cursor.execute(f"UPDATE {table} SET s = 'step {self.count}'"
                               f" WHERE id = {self.count % 499 + 1}")
                self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
        except psycopg2.Error as error:
            self.error = error
        finally:
            session.close()

    def stop(self):
        self.stopping.set()
        self.join(30)
        assert self.error is None, self.error
        assert self.slowest_s < WAIT_MAX_S + SLOW_MACHINE_S, f"one waited {self.slowest_s:.2f} s"


def test_jobs_are_created_while_writers_hammer_their_tables(running):
    """And while a transaction that stays open keeps one table's triggers from being made. Seen red
    with 20 s in place of the 50 ms that a lock is waited for."""
    tables = [f"t{n}" for n in range(6)]
    for table in tables:
        running.run(f"CREATE TABLE {table} (id int PRIMARY KEY, s text)")
        running.run(f"INSERT INTO {table} SELECT n, 'row' FROM generate_series(1, 500) n")
    stuck = running.connect(autocommit=False)
    stuck.cursor().execute("UPDATE t5 SET s = 'held' WHERE id = 500")
    hammers = [Hammer(running, tables), Hammer(running, tables), Hammer(running, ["t5"], 0.01)]
    for hammer in hammers:
        hammer.start()
    for table in tables:
        running.add_job(table, ENTRIES, index=running.index(table), name=f"job-{table}")
    wait_for(lambda: all(running.api.status(f"job-{table}")["state"] == "live"
                         for table in tables[:5]), 60, "all but one are live")
    wait_for(lambda: "locked" in str(running.api.status("job-t5")["error"]), 30, "one says why not")
    time.sleep(3)
    stuck.commit()
    stuck.close()
    for hammer in hammers:
        hammer.stop()
    running.wait_until_equal()


def begin_load(stage, rows=100_000):
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    stage.run("INSERT INTO t SELECT n, repeat('x', 300) FROM generate_series(1, %s) n", (rows,))
    stage.job = stage.add_job("t", ENTRIES)
    wait_for(lambda: stage.api.status(stage.job)["load"]["rows_done"] > 0, 60, "it loads", 0.01)


def alter_within_budget(stage):
    budget_ms = int(1000 * (WAIT_MAX_S + SLOW_MACHINE_S))
    session = stage.connect(options=f"-c lock_timeout={budget_ms}")
    session.cursor().execute("ALTER TABLE t ADD COLUMN late int")
    session.close()


def test_an_alter_table_in_the_middle_of_a_copy(running):
    """Seen red without LockWatch."""
    begin_load(running, rows=200_000)
    alter_within_budget(running)
    running.wait_until_equal()


class HeldUpLookup:
    """A lookup of ours that holds a table and its first partition, and waits for the second."""

    def __init__(self, stage):
        self.stage = stage
        stage.run("CREATE TABLE t (id int, k int, s text, PRIMARY KEY (id, k))"
                  " PARTITION BY LIST (k);"
                  "CREATE TABLE t_0 PARTITION OF t FOR VALUES IN (0);"
                  "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);"
                  "INSERT INTO t SELECT n, 0, 'row' FROM generate_series(1, 100) n")
        stage.job = stage.add_job("t", ENTRIES)
        stage.wait_until_equal()

    def __enter__(self):
        self.locker = self.stage.connect(autocommit=False)
        self.locker.cursor().execute("LOCK TABLE t_1")
        self.stage.run("UPDATE t_0 SET s = 'changed' WHERE id < 3")
        self.wait_process(0)
        return self

    def wait_process(self, other_than_since):
        """The statement that waits: (its process, its start); another one than that."""
        def waits():
            found = self.stage.run("SELECT pid, query_start FROM pg_stat_activity WHERE"
                                   " datname = current_database() AND wait_event_type = 'Lock'"
                                   " AND application_name = 'syncline'")
            return found and found[0] != other_than_since and found[0]
        return wait_for(waits, 20, "a lookup of ours waits", 0.02)

    def __exit__(self, *_):
        self.locker.close()


def test_an_alter_table_behind_a_slow_lookup(running):
    """Seen red where the watch looks at COPY alone: it waited for all of lock_timeout."""
    with HeldUpLookup(running):
        budget_ms = int(1000 * (WAIT_MAX_S + SLOW_MACHINE_S))
        session = running.connect(options=f"-c lock_timeout={budget_ms}")
        session.cursor().execute("ALTER TABLE t_0 ALTER COLUMN s SET DEFAULT 'x'")
        session.close()
    running.wait_until_equal()


def test_a_lookup_that_was_cancelled_is_asked_again(running):
    """As after a statement timeout: with more time, then with fewer keys; nothing starts over. Seen
    red without asking again."""
    with HeldUpLookup(running) as lookup:
        last = None
        for _ in range(2):
            last = lookup.wait_process(last)
            running.run("SELECT pg_cancel_backend(%s)", (last[0],))
        lookup.wait_process(last)
    running.wait_until_equal()
    assert "cancel" not in running.syncline.log_path.read_text()


class Frozen:
    """The cluster answers nothing, while it lasts."""

    def __init__(self, stage):
        self.process = stage.opensearch.process.pid

    def __enter__(self):
        os.kill(self.process, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.process, signal.SIGCONT)


def test_an_alter_table_in_the_middle_of_a_copy_that_stands_still(running):
    """The cluster takes nothing, so the COPY's rows go nowhere. Seen red as above."""
    begin_load(running)
    with Frozen(running):
        time.sleep(2)
        alter_within_budget(running)
    running.wait_until_equal()


def copies_with_snapshot(stage):
    return stage.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'syncline'"
                     " AND datname = current_database() AND backend_xmin IS NOT NULL"
                     " AND query ILIKE 'COPY%'")[0][0]


def test_no_snapshot_is_held_while_the_cluster_is_away(stage):
    """Five minutes are two seconds here. Seen red with segments without an end."""
    stage.syncline.environment["SYNCLINE_DURATION"] = "load_segment:2000"
    stage.start()
    begin_load(stage, rows=300_000)  # far more than is under way at once
    stood_still = False
    while not stood_still:
        assert stage.api.status(stage.job)["state"] == "loading", "no COPY stood still"
        with Frozen(stage):
            if copies_with_snapshot(stage):  # else: between two of them
                wait_for(lambda: not copies_with_snapshot(stage), 15, "the snapshot is let go", 0.2)
                stood_still = True
    stage.wait_until_equal()


def test_a_load_in_many_segments(stage):
    stage.syncline.environment["SYNCLINE_DURATION"] = "load_segment:20"
    stage.start()
    begin_load(stage)
    stage.run("UPDATE t SET s = 'moved' WHERE mod(id, 3) = 0")
    stage.wait_until_equal()


def test_a_stuck_writer_holds_up_its_own_table_alone(running):
    """Starting over waits for transactions that are writing."""
    for table in ("t", "u"):
        running.run(f"CREATE TABLE {table} (id int PRIMARY KEY, s text)")
        running.run(f"INSERT INTO {table} VALUES (1, 'a')")
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    stuck = running.connect(autocommit=False)
    stuck.cursor().execute("UPDATE t SET s = 'held'")
    running.api.post(f"/jobs/{running.job}/resync")
    time.sleep(1)
    other = running.add_job("u", ENTRIES, index=running.index("u"))
    wait_for(lambda: running.api.status(other)["state"] == "live", 20, "the other job is live")
    assert running.api.status(running.job)["state"] != "live"
    stuck.commit()
    stuck.close()
    running.wait_until_equal()


def test_connections_stay_within_their_limit(stage):
    """100 jobs on three connections. Seen red with a pool of 20."""
    jobs = 100
    stage.syncline.start()
    stage.api.create("sources", stage.source_body(max_connections=3))
    stage.api.create("targets", stage.target_body())
    most = 0

    def sessions():
        return stage.run("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                         " current_database() AND application_name = 'syncline'")[0][0]

    def few():
        count = sessions()
        return count if count <= 3 else None

    def look():
        nonlocal most
        # The server may take a moment to end a session that was closed.
        most = max(most, wait_for(few, 2, "no more than three"))
    for n in range(jobs):
        stage.run(f"CREATE TABLE t{n} (id int PRIMARY KEY, s text);"
                  f" INSERT INTO t{n} VALUES ({n}, 'a')")
        # An index for each would be too much for the cluster.
        stage.add_job(f"t{n}", ["id:integer", ("s", f"s{n}", "text")], name=f"job-{n}",
                      index=stage.index(f"i{n % 4}"))
        look()

    def all_live():
        look()
        return all(stage.api.status(f"job-{n}")["state"] == "live" for n in range(jobs))
    wait_for(all_live, 180, "all are live", 0.5)
    assert 2 <= most <= 3
    stage.wait_until_equal()


def wal_position(stage):
    return stage.run("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0]


def test_nothing_is_written_while_idle(live):
    """Seen red with a pulse that goes on without changes."""
    live.run("UPDATE t SET s = 'last' WHERE id < 100")
    live.wait_until_equal()
    time.sleep(8)  # the last position, the last rotation
    live.run("CHECKPOINT")
    written = []  # the server itself notes running transactions, and vacuums, now and then
    for _ in range(4):
        before = wal_position(live)
        time.sleep(4)
        written.append(wal_position(live) - before)
    assert min(written) == 0, f"bytes in four times four seconds: {written}"


def test_nobody_notifies_an_engine_that_died_asleep(live):
    """Commits that notify wait for each other: without an engine none does, after a hundred. Seen
    red where wake() does not look whether the sleeper is there."""
    flag = f"SELECT last_value & 4 FROM syncline.state"
    wait_for(lambda: live.run(flag)[0][0], 30, "the engine sleeps")
    live.syncline.kill()
    listener, writer = live.connect(), live.connect()
    listener.cursor().execute(f"LISTEN syncline")
    cursor = writer.cursor()

    def found_gone():
        for number in range(100):
            cursor.execute(f"UPDATE t SET s = 'alone {number}' WHERE id = 5")
        return live.run(f"SELECT last_value = 0 FROM syncline.sleeper")[0][0]

    wait_for(found_gone, 30, "the writers know that nobody sleeps")
    listener.cursor().execute("SELECT 1")
    assert listener.notifies, "they did notify before"
    del listener.notifies[:]
    cursor.execute("UPDATE t SET s = 'last' WHERE id = 5")
    listener.cursor().execute("SELECT 1")
    assert not listener.notifies
    for session in (listener, writer):
        session.close()
    live.syncline.start()
    live.wait_until_equal()
    assert live.run(f"SELECT last_value > 0 FROM syncline.sleeper")[0][0]

"""The database comes back as it was earlier: a restored dump that carries our schema, and a copy
that lagged when it took the place of the first. Documents of changes that are lost go with them.

(Copies that lagged were seen red without the comparison: documents of lost rows stayed. Those with
new transactions were seen red with the comparison of transactions alone.)"""

import contextlib
import os
import shutil
import signal
import subprocess

import common
import pytest
import shop
from common import wait_for
from postgres import PostgresServer, binaries
from psycopg2 import sql
from watched import make_live

LOST = ("INSERT INTO orders (id, status) SELECT n, 'lost' FROM generate_series(5000, 5100) n;"
        "UPDATE customers SET city = 'lost'; DELETE FROM items WHERE order_id < 20;"
        "UPDATE shipments SET order_id = order_id + 1")


def run_program(server, name, *arguments, database):
    environment = {**os.environ, "PGPASSWORD": server.password, "PGHOST": "127.0.0.1",
                   "PGPORT": str(server.port), "PGUSER": server.user, "PGDATABASE": database}
    subprocess.run([str(binaries() / name), *arguments], check=True, env=environment,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def test_restored_dump(scene, tmp_path):
    scene.begin()
    stage = scene.stage
    dump = tmp_path / "dump"
    run_program(stage.postgres, "pg_dump", "-Fc", "-f", str(dump), database=stage.database)
    stage.run(LOST)
    stage.wait_until_equal()
    assert "5050" in stage.found()
    with scene.database_proxy.refusing():
        scene.wait_told("waiting")
        for statement in ("DROP DATABASE {} WITH (FORCE)", "CREATE DATABASE {}"):
            stage._administer(stage.postgres,
                              sql.SQL(statement).format(sql.Identifier(stage.database)))
        run_program(stage.postgres, "pg_restore", "-d", stage.database, str(dump),
                    database=stage.database)
        scene.bystander_follows()
    scene.wait_mended()
    scene.wait_until_equal()
    assert "5050" not in stage.found()
    with scene.writers():
        pass


@pytest.mark.parametrize("written", [True, False])
def test_a_copy_whose_log_nobody_reads(running, tmp_path, written):
    """A restored dump carries our triggers; its log stays as it is once that was noticed. An engine
    that takes it over loads it, and is not held up by keys of transactions that are yet to come.
    Seen red without comparing where the schema is, and, where nothing was written to the copy
    yet, without dropping those keys."""
    stage = make_live(running)
    dump, copy = tmp_path / "dump", stage.new_database()
    run_program(stage.postgres, "pg_dump", "-Fc", "-f", str(dump), database=stage.database)
    run_program(stage.postgres, "pg_restore", "-d", copy, str(dump), database=copy)
    with stage.connect(copy) as session, session.cursor() as cursor:
        cursor.execute("INSERT INTO syncline.log_0 VALUES ('9000000000', 1, '5')")
        full = "SELECT last_value FROM syncline.overflow"
        for number in range(1, 4 if written else 1):
            cursor.execute("INSERT INTO t SELECT n, 'copied' FROM generate_series(%s, %s) n",
                           (number * 10000, number * 10000 + 5000))
        cursor.execute(full)
        assert cursor.fetchone() == (int(written),)
        cursor.execute("SELECT count(*) FROM syncline.log_0")
        assert cursor.fetchone()[0] < 6000
    assert stage.run(full) == [(0,)]
    stage.run("UPDATE t SET s = 'of the first' WHERE id < 10")
    stage.wait_until_equal()
    stage.database = copy
    answer = stage.api.put("/sources/shop", stage.source_body())
    assert answer.status_code == 200, answer.text
    stage.wait_until_equal()
    with stage.connect(copy).cursor() as cursor:
        cursor.execute("UPDATE t SET s = 'of the copy' WHERE id < 10")
        stage.wait_until_equal()
        assert stage.found()["5"]["s"] == "of the copy"
        cursor.execute("SELECT count(*) FROM syncline.log_0 WHERE txid = '9000000000'")
        assert cursor.fetchone() == (0,)


class Copies:
    """A shop on a server of its own, and a copy of that server, which may take its place."""

    def __init__(self, stage):
        self.stage = stage
        self.folder = common.scratch("history")
        self.first = PostgresServer(self.folder / "first").create().start()
        self.second = PostgresServer(self.folder / "second")
        stage.postgres = self.first
        stage.database = stage.new_database(self.first)
        stage.start()
        shop.create_tables(stage.run)
        shop.fill(stage.run)
        shop.add_jobs(stage)
        stage.wait_until_equal()

    def copy(self):
        """What is committed from here on the copy does not have."""
        self.second.copy_of(self.first)

    def change(self):
        """Changes that the copy lacks, all in the indices, and the engine's mark after them."""
        stage = self.stage
        mark = "SELECT value FROM syncline.mark"
        before = stage.run(mark)
        stage.run(LOST)
        stage.wait_until_equal()
        wait_for(lambda: stage.run(mark) != before, 10, "the engine has drawn another mark")
        assert "5050" in stage.found()

    def take_place(self, promoted):
        """Precondition: no engine looks, which would find the copy before it is promoted."""
        self.first.stop()
        if not promoted:
            (self.second.data / "standby.signal").unlink()
        self.second.port = self.first.port
        self.second.settings["port"] = str(self.first.port)
        self.second.start()
        if promoted:
            self.stage.run("SELECT pg_promote()")
        wait_for(lambda: self.stage.run("SELECT NOT pg_is_in_recovery()")[0][0], 60,
                 "it is writable")

    def write_notes(self, transactions):
        for _ in range(transactions):
            self.stage.run("INSERT INTO notes DEFAULT VALUES")

    def end(self):
        for syncline in self.stage.synclines:
            syncline.end()
        self.first.stop()
        self.second.stop()
        self.stage.databases = [(server, name) for server, name in self.stage.databases
                                if server is not self.first]
        shutil.rmtree(self.folder)


@pytest.fixture
def copies(stage):
    copies = Copies(stage)
    yield copies
    copies.end()


@contextlib.contextmanager
def engine_away(syncline, stopped):
    """Stopped, or asleep beside its sessions."""
    syncline.stop() if stopped else syncline.process.send_signal(signal.SIGSTOP)
    yield
    syncline.start() if stopped else syncline.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("promoted,transactions,stopped", [
    (True, 0, False), (False, 0, False), (False, 500, False), (False, 500, True)])
def test_copy_that_lagged(copies, promoted, transactions, stopped):
    """Promoted, it says so by another timeline; started as it is, it has fewer transactions; where
    it has got as many since, it has another mark."""
    stage = copies.stage
    copies.copy()
    copies.change()
    with engine_away(stage.syncline, stopped):
        copies.take_place(promoted)
        copies.write_notes(transactions)
    stage.run("UPDATE orders SET status = 'after' WHERE id < 10")
    stage.wait_until_equal()
    assert "5050" not in stage.found()


@pytest.mark.parametrize("stopped", [False, True])
def test_copy_that_another_engine_followed_for_longer(copies, stopped):
    """A copy of the whole installation, data directory included, was tried elsewhere, and its
    database takes the place of the first. Seen red with a counter in place of the mark: it had
    come further in the copy."""
    stage = copies.stage
    stage.syncline.stop()
    other = stage.new_syncline()
    shutil.copytree(stage.syncline.data_dir, other.data_dir)
    copies.copy()
    stage.syncline.start()
    copies.change()
    with engine_away(stage.syncline, stopped):
        copies.take_place(promoted=False)
        mark = "SELECT value FROM syncline.mark"
        other.start()
        for number in range(5):
            before = stage.run(mark)
            stage.run(f"UPDATE orders SET status = 'elsewhere {number}' WHERE id < 10")
            wait_for(lambda: stage.run(mark) != before, 10, "the other engine follows it")
        other.stop()
        copies.write_notes(500)
    stage.run("UPDATE orders SET status = 'after' WHERE id < 10")
    stage.wait_until_equal()
    assert "5050" not in stage.found()


def loads(stage):
    return {name: stage.api.status(name)["load"]["started_at"] for name in stage.jobs}


def test_crash_that_lost_nothing_of_the_users(stage):
    """What the engine itself had committed and was not on the disk does not look like a lost
    history. Seen red where every transaction that was seen is remembered."""
    folder = common.scratch("history")
    server = PostgresServer(folder / "server", fsync=True, settings={"wal_writer_delay": "10s"})
    server.create().start()
    try:
        stage.postgres = server
        stage.database = stage.new_database(server)
        stage.start()
        shop.create_tables(stage.run)
        shop.fill(stage.run)
        shop.add_jobs(stage)
        stage.wait_until_equal()
        before = loads(stage)
        for number in range(3):
            written = stage.run(f"UPDATE orders SET status = 'kept {number}' WHERE id < 10"
                                " RETURNING pg_current_xact_id()::text")[0]
            wait_for(lambda: stage.found()["1"]["status"] == f"kept {number}", 30, "it is there")
            wait_for(lambda: stage.run("SELECT bool_or(pg_visible_in_snapshot(%s::xid8, position))"
                                       " FROM syncline.member", written)[0][0],
                     10, "a position after it was stored")
            server.restart(immediate=True)
            stage.wait_until_equal()
        assert loads(stage) == before
    finally:
        stage.syncline.end()
        server.stop()
        stage.databases = [(at, name) for at, name in stage.databases if at is not server]
        shutil.rmtree(folder)


@pytest.mark.parametrize("failpoint", ["mark_before_set:2", "mark_set:2"])
def test_engine_that_dies_with_its_mark_half_remembered(running, failpoint):
    make_live(running, rows=50)
    before = loads(running)
    running.syncline.stop()
    mark = "SELECT value FROM syncline.mark"
    stored = running.run(mark)
    running.syncline.start(failpoint)
    wait_for(lambda: running.run(mark) != stored, 30, "it is connected")
    running.run("UPDATE t SET s = 'seen'")
    running.syncline.wait_dead()
    running.syncline.start()
    running.wait_until_equal()
    assert loads(running) == before

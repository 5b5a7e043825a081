"""The database comes back as it was earlier: a restored dump that carries our schema, and a copy
that lagged when it took the place of the first. Documents of changes that are lost go with them.

(Copies that lagged were seen red without the comparison: documents of lost rows stayed. One with
new transactions was seen red with the comparison of transactions alone.)"""

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
from stage import SOURCE

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


@pytest.mark.parametrize("promoted,transactions", [(True, 0), (False, 0), (False, 500)])
def test_copy_that_lagged(stage, promoted, transactions):
    """Promoted, it says so by another timeline; started as it is, it has fewer transactions; where
    it has got as many since, the engine's own counter is behind."""
    folder = common.scratch("history")
    first = PostgresServer(folder / "first").create().start()
    second = PostgresServer(folder / "second")
    try:
        stage.postgres = first
        stage.database = stage.new_database(first)
        stage.start()
        shop.create_tables(stage.run)
        shop.fill(stage.run)
        shop.add_jobs(stage)
        stage.wait_until_equal()
        second.copy_of(first)
        counter = "SELECT last_value FROM syncline.pulse"
        before = stage.run(counter)
        stage.run(LOST)
        stage.wait_until_equal()
        wait_for(lambda: stage.run(counter) > before, 10, "the engine has counted")
        assert "5050" in stage.found()
        # It would find the copy before it is promoted, and say that it is no primary.
        stage.syncline.process.send_signal(signal.SIGSTOP)
        first.stop()
        if not promoted:
            (second.data / "standby.signal").unlink()
        second.port = first.port
        second.settings["port"] = str(first.port)
        second.start()
        if promoted:
            stage.run("SELECT pg_promote()")
        wait_for(lambda: stage.run("SELECT NOT pg_is_in_recovery()")[0][0], 60, "it is writable")
        for _ in range(transactions):
            stage.run("INSERT INTO notes DEFAULT VALUES")
        stage.syncline.process.send_signal(signal.SIGCONT)
        stage.run("UPDATE orders SET status = 'after' WHERE id < 10")
        stage.wait_until_equal()
        assert "5050" not in stage.found()
        assert stage.sources[SOURCE]["port"] == second.port
    finally:
        stage.syncline.end()
        first.stop()
        second.stop()
        stage.databases = [(server, name) for server, name in stage.databases
                           if server is not first]
        shutil.rmtree(folder)

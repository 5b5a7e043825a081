"""Seeded random writers in many sessions: first on jobs that define documents alone, then, with
random trouble and random DDL, on one index fed by jobs of every kind. Afterwards the index equals
the tables, whole.

SYNCLINE_SEEDS=a-b runs the seeds from a to b; without it two run.
"""

import os
import random

import pytest
import shop
import workload
from common import wait_for
from psycopg2 import errors

WRITERS = 5
# What administrators do to tables in use; a transaction each.
DEFINITIONS = [
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS extra int DEFAULT 7",
    "ALTER TABLE orders DROP COLUMN IF EXISTS extra",
    "ALTER TABLE customers ALTER COLUMN name TYPE varchar(200)",
    "ALTER TABLE customers RENAME COLUMN city TO town;"
    "ALTER TABLE customers RENAME COLUMN town TO city",
    "ALTER TABLE items ALTER COLUMN price TYPE numeric(14, 3)",
    "ALTER TABLE items ALTER COLUMN price TYPE numeric(12, 2)",
    "VACUUM FULL items",
    "CLUSTER orders USING orders_pkey",
    "CREATE INDEX IF NOT EXISTS tags_by_tag ON tags (tag)",
    "ALTER TABLE shipments DETACH PARTITION shipments_first;"
    "UPDATE shipments_first SET carrier = 'detached' WHERE order_id < 30;"
    "INSERT INTO shipments_first (pk, order_id, carrier)"
    " SELECT max(pk) + 1, 3, 'put in' FROM shipments_first HAVING max(pk) < 50;"
    "DELETE FROM shipments_first WHERE order_id BETWEEN 31 AND 40;"
    "ALTER TABLE shipments ATTACH PARTITION shipments_first FOR VALUES FROM (0) TO (60)",
    "TRUNCATE shipments_first",
]
NEW_LEAF = ("DELETE FROM shipments WHERE abs(pk) >= 1000000;"
            "CREATE TABLE shipments_new (LIKE shipments INCLUDING ALL);"
            "INSERT INTO shipments_new (pk, order_id, carrier)"
            " SELECT 1000000 + n, n, 'attached' FROM generate_series(0, 200, 7) n;"
            "ALTER TABLE shipments ATTACH PARTITION shipments_new"
            " FOR VALUES FROM (1000000) TO (2000000)")
EQUAL_S = 180


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_writers(running, seed):
    workload.create_tables(running.run)
    before = workload.start_writers(running, seed, transactions=150)
    for writer in before:
        writer.finish()
    during = workload.start_writers(running, seed + 100, count=5, transactions=400)
    workload.add_jobs(running)  # loaded while they write
    for writer in during:
        writer.finish()
    running.wait_until_equal()
    after = workload.start_writers(running, seed + 200, count=5, transactions=300)
    for writer in after:
        writer.finish()
    running.wait_until_equal()
    assert sum(writer.committed for writer in before + during + after) > 500
    assert len(running.found()) > 50


def test_jobs_come_and_go_while_writers_write(running):
    workload.create_tables(running.run)
    writers = workload.start_writers(running, 77)
    try:
        workload.add_jobs(running)
        running.wait_for_documents()
        running.api.delete("/jobs/c-extras")
        removed = running.jobs.pop("c-extras")
        running.api.put("/jobs/b-orders", running.jobs["b-orders"])
        running.api.post("/jobs/b-orders/pause")
        running.api.create("jobs", removed)
        running.jobs["c-extras"] = removed
        running.api.post("/jobs/b-orders/resume")
        running.api.post("/jobs/a-events/resync")
    finally:
        for writer in writers:
            writer.stop()
    running.wait_until_equal()


def seeds():
    first, _, last = os.environ.get("SYNCLINE_SEEDS", "1-2").partition("-")
    return range(int(first), int(last or first) + 1)


class Trouble:
    """What befalls a running system, by dice: each strikes while writers write."""

    def __init__(self, stage, dice):
        self.stage = stage
        self.dice = dice

    def kill(self):
        self.stage.syncline.restart(kill=True)

    def stop(self):
        self.stage.syncline.restart()

    def crash_the_database(self):
        self.stage.postgres.restart(immediate=True)

    def restart_the_database(self):
        self.stage.postgres.restart()

    def crash_the_cluster(self):
        self.stage.opensearch.restart(kill=True)

    def kill_and_crash(self):
        """Both at once: what was acknowledged and what is remembered part company."""
        self.stage.syncline.kill()
        self.stage.postgres.restart(immediate=True)
        self.stage.syncline.start()

    def drop_sessions(self):
        """As a firewall that forgets: every session of Syncline ends."""
        self.stage.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                       " application_name ILIKE '%syncline%' AND pid <> pg_backend_pid()")

    def replace_a_job(self):
        name = self._job()
        assert self.stage.api.put(f"/jobs/{name}", self.stage.jobs[name]).status_code == 200

    def pause_a_job(self):
        name = self._job()
        self.stage.command(name, "pause")
        self.stage.run("UPDATE customers SET city = city || '.' WHERE id % 3 = 0")
        self.stage.command(name, "resume")

    def resync_a_job(self):
        self.stage.command(self._job(), "resync")

    def remove_and_add_a_job(self):
        name = self.dice.choice(["items", "tags", "vat-rates", "carriers", "b-notes", "fees"])
        body = self.stage.delete_job(name)
        self.stage.create_job(body)

    def change_definitions(self):
        """Several times, one after the other, as soon as each gets its lock."""
        for _ in range(3):
            statement = self.dice.choice([*DEFINITIONS, "leaf", "leaf"])
            if statement == "leaf":
                there = self.stage.run("SELECT to_regclass('shipments_new') IS NOT NULL")[0][0]
                statement = "DROP TABLE shipments_new" if there else NEW_LEAF
            wait_for(lambda: self._change(statement), 60, f"the lock for: {statement}")

    def _change(self, statement):
        try:
            self.stage.run("SET lock_timeout = 500")
            self.stage.run(statement)
            return True
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            return False

    def nothing(self):
        pass

    def _job(self):
        return self.dice.choice(sorted(self.stage.jobs))


def script(dice):
    """The rounds of one seed: each ends in equality. Servers take seconds to come back, so each
    of them goes away once."""
    often = [Trouble.kill, Trouble.stop, Trouble.drop_sessions, Trouble.replace_a_job,
             Trouble.pause_a_job, Trouble.resync_a_job, Trouble.remove_and_add_a_job,
             Trouble.nothing]
    once = [Trouble.crash_the_cluster, Trouble.kill_and_crash, Trouble.change_definitions,
            Trouble.change_definitions,
            dice.choice([Trouble.crash_the_database, Trouble.restart_the_database])]
    strikes = [*once, Trouble.kill, *(dice.choice(often) for _ in range(6))]
    dice.shuffle(strikes)
    return [strikes[start:start + 4] for start in range(0, len(strikes), 4)]


@pytest.mark.parametrize("seed", seeds())
def test_writers_of_all_kinds_in_trouble(running, seed):
    dice = random.Random(seed)
    trouble = Trouble(running, dice)
    shop.create_tables(running.run)
    shop.fill(running.run)
    for number, strikes in enumerate(script(dice)):
        writers = workload.start_writers(running, seed * 100 + number, WRITERS,
                                         kind=shop.PatientShopWriter)
        try:
            if number == 0:
                shop.add_jobs(running)  # loaded while they write
            for strike in strikes:
                workload.wait_commits(writers, dice.randrange(20, 200))
                strike(trouble)
            workload.wait_commits(writers, 50)
        finally:
            for writer in writers:
                writer.stop()
        running.wait_until_equal(EQUAL_S)
        refill(running)
    assert len(running.found()) > 20


def refill(stage):
    """What cascades and TRUNCATE took comes back between rounds, so that joins find something."""
    stage.run("INSERT INTO customers (id, country) SELECT n, 'de'"
              f" FROM generate_series(0, {shop.CUSTOMERS - 1}) n ON CONFLICT DO NOTHING;"
              "INSERT INTO orders (id, customer_id) SELECT n, n % 7"
              f" FROM generate_series(0, {shop.ORDERS - 1}, 2) n ON CONFLICT DO NOTHING;"
              "INSERT INTO shipments (order_id, carrier) SELECT id, 'post' FROM orders"
              " WHERE id % 4 = 0; INSERT INTO carriers (code, phone) VALUES ('post', '1')")


@pytest.mark.parametrize("seed", seeds())
def test_two_phase_commits(two_phase_stage, seed):
    """Prepared transactions hold back what is committed around them, and NOTIFY would make their
    PREPARE fail."""
    stage = two_phase_stage.start()
    shop.create_tables(stage.run)
    shop.fill(stage.run)
    shop.add_jobs(stage)
    stage.wait_until_equal()
    for number in range(2):
        writers = workload.start_writers(stage, seed * 100 + 50 + number, WRITERS,
                                         kind=shop.TwoPhaseWriter)
        try:
            workload.wait_commits(writers, 150)
            stage.syncline.restart(kill=number == 0)
            workload.wait_commits(writers, 150)
        finally:
            for writer in writers:
                writer.stop()
        assert sum(writer.prepared for writer in writers) > 50
        stage.wait_until_equal(EQUAL_S)


def test_a_prepared_transaction_outlives_restarts(two_phase_stage):
    """It commits after everything that came later was read, in another life of both servers."""
    stage = two_phase_stage.start()
    shop.create_tables(stage.run)
    shop.fill(stage.run)
    shop.add_jobs(stage)
    stage.wait_until_equal()
    session = stage.connect(autocommit=False)
    session.cursor().execute(
        "UPDATE customers SET city = 'prepared' WHERE id = 1; DELETE FROM items WHERE order_id = 2;"
        "UPDATE shipments SET order_id = 4 WHERE order_id = 3; DELETE FROM orders WHERE id = 5")
    session.cursor().execute("PREPARE TRANSACTION 'a while'")
    session.close()
    stage.run("UPDATE orders SET status = 'later' WHERE id BETWEEN 10 AND 60")
    stage.wait_until_equal()
    stage.syncline.restart(kill=True)
    stage.postgres.restart(immediate=True)
    stage.run("UPDATE items SET sku = 'later still' WHERE order_id > 100")
    stage.wait_until_equal()
    assert stage.found()["1"]["city"] != "prepared"
    stage.run("COMMIT PREPARED 'a while'")
    stage.wait_until_equal()
    assert stage.found()["1"]["city"] == "prepared" and "5" not in stage.found()

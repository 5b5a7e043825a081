"""Seeded random writers and random trouble on one index fed by jobs of every kind; afterwards the
index equals the tables, whole.

SYNCLINE_SEEDS=a-b runs the seeds from a to b; without it two run.
"""

import os
import random

import pytest
import shop
import workload

WRITERS = 5
EQUAL_S = 180


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
    once = [Trouble.crash_the_cluster, Trouble.kill_and_crash,
            dice.choice([Trouble.crash_the_database, Trouble.restart_the_database])]
    strikes = [*once, Trouble.kill, *(dice.choice(often) for _ in range(8))]
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

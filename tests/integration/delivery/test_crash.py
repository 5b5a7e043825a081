"""Processes die and servers go away; afterwards index and tables are equal all the same."""

import signal
import threading

import pytest
import requests
import workload
from common import wait_for

# Passings of each failpoint to die at: the first, and one in the middle of the work.
FAILPOINTS = ["triggers_installed:1", "position_taken:1", "rows_read:1", "rows_read:5",
              "bulk_acknowledged:1", "bulk_acknowledged:5", "position_before_move:1",
              "position_before_move:3", "position_moved:1", "position_moved:3",
              "parked_committed:1", "log_locked:1"]
DEATH_S = 60


@pytest.fixture
def shop(stage):
    """Tables with rows in them; not started."""
    workload.create_tables(stage.run)
    stage.run("INSERT INTO orders SELECT n, 'row ' || n, n, now(), n, '1 day'"
              " FROM generate_series(0, 30000) n")
    stage.run("INSERT INTO extras (order_id, tags) SELECT n, '{x}' FROM generate_series(0, 5000) n")
    return stage


@pytest.mark.parametrize("rows_done", [1, 10_000])
def test_kill_9_in_the_middle_of_a_load(shop, rows_done):
    shop.run("INSERT INTO orders SELECT n, repeat('long ', 20), n, now(), n, '1 day'"
             " FROM generate_series(30001, 150000) n")
    shop.start()
    workload.add_jobs(shop)
    wait_for(lambda: shop.api.status("b-orders")["load"]["rows_done"] >= rows_done, 60,
             f"{rows_done} rows loaded", 0.002)
    shop.syncline.kill()
    shop.run("DELETE FROM orders WHERE id % 5 = 0")
    shop.run("UPDATE orders SET s = 'while it was dead' WHERE id % 7 = 0")
    shop.syncline.start()
    shop.wait_until_equal()


def test_kill_9_again_and_again_while_writers_write(shop):
    shop.start()
    workload.add_jobs(shop)
    writers = workload.start_writers(shop, 5)
    try:
        for _ in range(6):
            wanted = sum(writer.committed for writer in writers) + 40
            wait_for(lambda: sum(writer.committed for writer in writers) > wanted, 60, "commits")
            shop.syncline.restart(kill=True)
    finally:
        for writer in writers:
            writer.stop()
    shop.wait_until_equal()


def test_sigterm_while_writers_write(shop):
    shop.start()
    workload.add_jobs(shop)
    shop.wait_live()
    writers = workload.start_writers(shop, 6)
    try:
        for _ in range(3):
            wanted = sum(writer.committed for writer in writers) + 40
            wait_for(lambda: sum(writer.committed for writer in writers) > wanted, 60, "commits")
            shop.syncline.restart()
    finally:
        for writer in writers:
            writer.stop()
    shop.wait_until_equal()


class Pushing(threading.Thread):
    """Gives the engine everything to do: changes, some that the index refuses, and pauses."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        session = self.stage.connect()
        cursor = session.cursor()
        step = 0
        try:
            while not self.stopping.wait(0.02 if step % 50 else 1.5):
                step += 1
                cursor.execute("UPDATE orders SET s = %s WHERE id = %s",
                               (f"step {step}", step % 900))
                if step % 50 == 0:  # enough for the log to be rotated
                    cursor.execute("UPDATE orders SET s = 'round ' || %s", (step,))
                if step % 10 == 0:
                    cursor.execute("UPDATE poisoned SET v = %s WHERE id = %s",
                                   ("no number", step // 10 % 20))
        except Exception as error:  # noqa: BLE001 (told to the test by stop())
            self.error = error
        finally:
            session.close()

    def stop(self):
        self.stopping.set()
        self.join(30)
        if self.error:
            raise self.error


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_crash_at_each_failpoint(shop, failpoint):
    shop.run("CREATE TABLE poisoned (id int PRIMARY KEY, v text)")
    shop.run("INSERT INTO poisoned SELECT n, n::text FROM generate_series(1, 50) n")
    shop.start(failpoint)
    pushing = Pushing(shop)
    try:
        pushing.start()
        add_or_die(shop, lambda: workload.add_jobs(shop))
        body = shop.job_body("poisoned", ["id:integer", "v:integer"], name="d-poisoned",
                             index=shop.index("poisoned"))
        shop.jobs[body["name"]] = body
        add_or_die(shop, lambda: shop.api.create("jobs", body))
        assert shop.syncline.wait_dead(DEATH_S) == -signal.SIGKILL
    finally:
        pushing.stop()
    shop.syncline.start()
    for job in shop.jobs.values():  # what it died before answering
        if shop.api.get(f"/jobs/{job['name']}").status_code == 404:
            shop.api.create("jobs", job)
    poison = [identity for identity, in shop.run(
        "SELECT id::text FROM poisoned WHERE v !~ '^[0-9]'")]
    shop.wait_live(parked={"d-poisoned": len(poison)})
    for index in (shop.index(), shop.index("events")):
        shop.assert_index_equals_tables(index)
    shop.assert_index_equals_tables(shop.index("poisoned"), without=poison)


def add_or_die(stage, create):
    """Creates jobs, unless the server dies while it is asked."""
    try:
        create()
    except requests.RequestException:
        wait_for(stage.syncline.is_dead, 5, "it died, since it did not answer")


def test_the_database_crashes_under_writers(shop):
    shop.start()
    workload.add_jobs(shop)
    writers = [workload.Reconnecting(shop.connect, 50 + number) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(2):
            wanted = sum(writer.committed for writer in writers) + 50
            wait_for(lambda: sum(writer.committed for writer in writers) > wanted, 60, "commits")
            shop.postgres.restart(immediate=True)
    finally:
        for writer in writers:
            writer.stop()
    shop.wait_until_equal()


@pytest.mark.parametrize("kill", [False, True])
def test_the_cluster_restarts_under_writers(shop, kill):
    shop.start()
    workload.add_jobs(shop)
    writers = workload.start_writers(shop, 60)
    try:
        wait_for(lambda: sum(writer.committed for writer in writers) > 100, 60, "commits")
        shop.opensearch.restart(kill=kill)
        wanted = sum(writer.committed for writer in writers) + 50
        wait_for(lambda: sum(writer.committed for writer in writers) > wanted, 60, "commits")
    finally:
        for writer in writers:
            writer.stop()
    shop.wait_until_equal()
    assert all(shop.api.status(name)["parked"] == 0 for name in shop.jobs)


def test_deletes_survive_a_cluster_restart(shop):
    """Tombstones are in the cluster's memory alone; nothing old may come back."""
    shop.start()
    workload.add_jobs(shop)
    shop.wait_live()
    shop.run("DELETE FROM orders WHERE id % 2 = 0")
    shop.opensearch.restart(kill=True)
    shop.run("UPDATE orders SET s = 'after' WHERE id % 3 = 0")
    shop.wait_until_equal()


def test_it_starts_while_both_servers_are_away(shop):
    shop.start()
    workload.add_jobs(shop)
    shop.wait_live()
    shop.syncline.stop()
    shop.run("DELETE FROM orders WHERE id > 20000")
    shop.postgres.stop()
    shop.opensearch.stop()
    try:
        shop.syncline.start()
        wait_for(lambda: shop.api.status("b-orders")["state"] == "waiting", 60, "state waiting")
        assert shop.api.status("b-orders")["error"]["message"]
        assert shop.api.get("/health/ready").status_code == 503
    finally:
        shop.postgres.start()
        shop.opensearch.start()
    shop.wait_until_equal()


@pytest.mark.parametrize("kill", [False, True])
def test_a_restart_with_nothing_to_do_loads_nothing(shop, kill):
    shop.start()
    workload.add_jobs(shop)
    shop.wait_until_equal()
    before = {name: shop.api.status(name)["load"] for name in shop.jobs}
    if kill:  # a position is stored at most once a second
        shop.run("SELECT pg_sleep(1.5)")
    shop.syncline.restart(kill=kill)
    shop.wait_until_equal()
    for name, load in before.items():
        status = shop.api.status(name)
        assert status["load"]["finished_at"] == load["finished_at"]
        assert status["documents"]["indexed"] == 0, status

"""Partitions and inheritance children come, go, are filled and emptied; nothing is missed, and a
new partition does not load the whole table again.

Seen red with check_tables_when_due() returning at once and bring_up_watch() comparing nothing;
those of TRUNCATE with the trigger put on the table alone.
"""

import threading

import psycopg2
import pytest
from common import wait_for
from verification import NOTHING, counts, verify
from watched import ENTRIES, NOTICED_S, started_at, wait_equal


@pytest.fixture
def live(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text) PARTITION BY RANGE (id)")
    running.run("CREATE TABLE t_0 PARTITION OF t FOR VALUES FROM (0) TO (1000)")
    running.run("CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1000) TO (2000)"
                " PARTITION BY RANGE (id)")
    running.run("CREATE TABLE t_10 PARTITION OF t_1 FOR VALUES FROM (1000) TO (1500)")
    running.run("CREATE TABLE t_11 PARTITION OF t_1 FOR VALUES FROM (1500) TO (2000)")
    running.run("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 1999) n")
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    return running


def test_a_partition_attached_with_rows(live):
    before = started_at(live)
    with live.connect(autocommit=False) as session:
        session.cursor().execute(
            "CREATE TABLE t_2 (LIKE t INCLUDING ALL);"
            "INSERT INTO t_2 SELECT n, 'attached' FROM generate_series(2000, 2500) n;"
            "ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (2000) TO (3000)")
    wait_equal(live)
    assert started_at(live) == before
    live.run("UPDATE t_2 SET s = 'through the leaf' WHERE id < 2100")
    live.run("DELETE FROM t WHERE id > 2400")
    live.wait_until_equal()


def test_a_large_partition_attached_is_loaded(live):
    """Red with kLoggedLeafBytesMax without bound only in its last line."""
    before = started_at(live)
    live.run("CREATE TABLE t_2 (LIKE t INCLUDING ALL)")
    live.run("ALTER TABLE t_2 ALTER COLUMN s SET STORAGE EXTERNAL")
    live.run("INSERT INTO t_2 SELECT n, repeat('x', 1900) FROM generate_series(2000, 39999) n")
    live.run("ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (2000) TO (40000)")
    wait_equal(live, 90)
    assert started_at(live) != before


def test_a_new_partition_truncated_before_it_is_watched(live):
    live.run("CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (2000) TO (3000)")
    live.run("INSERT INTO t SELECT n, 'soon gone' FROM generate_series(2000, 2100) n")
    wait_for(lambda: "2100" in live.found(), NOTICED_S, "its rows are in the index", 0.02)
    live.run("TRUNCATE t_2")
    live.run("INSERT INTO t VALUES (2500, 'stays')")
    wait_equal(live)


def test_a_new_partition_of_a_new_partition(live):
    before = started_at(live)
    live.run("CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (2000) TO (3000)"
             " PARTITION BY RANGE (id)")
    live.run("CREATE TABLE t_20 PARTITION OF t_2 FOR VALUES FROM (2000) TO (2500)")
    live.run("INSERT INTO t SELECT n, 'new' FROM generate_series(2000, 2100) n")
    wait_equal(live)
    wait_for(lambda: live.run("SELECT 1 FROM pg_trigger WHERE tgrelid = 't_20'::regclass"
                              " AND tgname LIKE '%truncate'"), NOTICED_S, "its TRUNCATE is watched")
    live.run("TRUNCATE t_20")
    live.wait_until_equal()
    assert started_at(live) == before


@pytest.mark.parametrize("away", ["ALTER TABLE t DETACH PARTITION t_0",
                                  "ALTER TABLE t DETACH PARTITION t_1 CONCURRENTLY",
                                  "DROP TABLE t_0", "DROP TABLE t_10"])
def test_a_partition_that_leaves_takes_its_rows_along(live, away):
    before = started_at(live)
    live.run(away)
    wait_equal(live)
    assert started_at(live) == before
    live.run("UPDATE t SET s = 'after' WHERE mod(id, 100) = 0")
    live.wait_until_equal()


def test_a_partition_that_leaves_and_comes_back_changed(live):
    live.run("ALTER TABLE t DETACH PARTITION t_0")
    live.run("UPDATE t_0 SET s = 'while away' WHERE id < 100; DELETE FROM t_0 WHERE id > 900")
    live.run("ALTER TABLE t ATTACH PARTITION t_0 FOR VALUES FROM (0) TO (1000)")
    wait_equal(live)


def detach_and_leave_pending(stage, partition):
    """ALTER TABLE … DETACH … CONCURRENTLY, cancelled while it waits for who reads the table."""
    reader, other = stage.connect(autocommit=False), stage.connect()
    reader.cursor().execute("SELECT 1 FROM t LIMIT 1")
    pid = other.get_backend_pid()

    def detach():
        with pytest.raises(psycopg2.errors.QueryCanceled):
            other.cursor().execute(f"ALTER TABLE t DETACH PARTITION {partition} CONCURRENTLY")
    thread = threading.Thread(target=detach)
    thread.start()
    wait_for(lambda: stage.run("SELECT 1 FROM pg_inherits WHERE inhdetachpending")
             and stage.run("SELECT 1 FROM pg_stat_activity WHERE pid = %s"
                           " AND wait_event_type = 'Lock'", (pid,)), 30, "it waits")
    stage.run("SELECT pg_cancel_backend(%s)", (pid,))
    thread.join()
    other.close()
    return reader


@pytest.mark.parametrize("partition, bounds", [("t_0", "(0) TO (1000)"),
                                               ("t_1", "(1000) TO (2000)")])
def test_a_partition_whose_detaching_is_pending(live, partition, bounds):
    """It is gone for every query, so its rows are gone from the index; somebody who keeps the table
    busy all the while stops nothing. Seen red: its documents stayed, and after a resync too."""
    before = started_at(live)
    reader = detach_and_leave_pending(live, partition)
    wait_equal(live)
    assert len(live.found()) < 1001
    live.run(f"UPDATE {partition} SET s = 'of nobody' WHERE mod(id, 100) = 7;"
             f" DELETE FROM {partition} WHERE mod(id, 10) = 0;"
             " UPDATE t SET s = 'seen' WHERE mod(id, 50) = 3")
    live.wait_until_equal()
    reader.close()
    assert started_at(live) == before
    live.command(live.job, "resync")
    wait_for(lambda: started_at(live) != before, NOTICED_S, "it loads again")
    live.wait_until_equal()
    assert counts(verify(live, live.job)) == NOTHING
    before = started_at(live)
    live.run(f"ALTER TABLE t DETACH PARTITION {partition} FINALIZE")
    wait_for(lambda: not live.run("SELECT 1 FROM pg_trigger WHERE tgrelid = %s::regclass",
                                  (partition,)), NOTICED_S, "nothing of ours is left on it")
    wait_equal(live)
    live.run(f"ALTER TABLE t ATTACH PARTITION {partition} FOR VALUES FROM {bounds}")
    wait_equal(live)
    assert len(live.found()) > 1001 and started_at(live) == before
    live.run(f"TRUNCATE {partition}")
    live.wait_until_equal()


@pytest.mark.parametrize("truncate", ["t", "t_1", "t_0", "t_11"])
def test_truncate_at_every_height(live, truncate):
    live.run("TRUNCATE " + truncate)
    live.wait_until_equal()


def test_the_clone_of_a_trigger_is_disabled_on_a_leaf(live):
    before = started_at(live)
    live.run("ALTER TABLE t_10 DISABLE TRIGGER ALL")
    live.run("UPDATE t SET s = 'unseen' WHERE id BETWEEN 1000 AND 1100")
    wait_equal(live)
    assert started_at(live) != before
    live.run("UPDATE t SET s = 'seen' WHERE id BETWEEN 1100 AND 1200")
    live.wait_until_equal()


def test_a_watched_table_becomes_a_partition(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO t SELECT n, 'row' FROM generate_series(1, 100) n")
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    running.run("CREATE TABLE above (id int PRIMARY KEY, s text) PARTITION BY RANGE (id)")
    running.run("ALTER TABLE above ATTACH PARTITION t FOR VALUES FROM (0) TO (1000)")
    running.run("INSERT INTO above SELECT n, 'from above' FROM generate_series(101, 200) n")
    running.run("DELETE FROM above WHERE id < 10")
    wait_equal(running)
    running.run("UPDATE above SET s = 'from above' WHERE id < 50")
    running.run("INSERT INTO t VALUES (500, 'directly')")
    running.run("DELETE FROM above WHERE id BETWEEN 60 AND 70")
    running.wait_until_equal()


def test_inheritance_children_come_and_go(running):
    running.run("CREATE TABLE t (id int, s text)")
    running.run("CREATE TABLE child () INHERITS (t)")
    running.run("INSERT INTO t SELECT n, 'parent' FROM generate_series(1, 100) n")
    running.run("INSERT INTO child SELECT n, 'child' FROM generate_series(101, 200) n")
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    running.run("UPDATE t SET s = 'through the parent' WHERE id > 150")
    running.run("UPDATE child SET s = 'through the child' WHERE id < 120")
    running.run("DELETE FROM t WHERE mod(id, 10) = 0")
    running.run("INSERT INTO child VALUES (300, 'new')")
    running.wait_until_equal()
    running.run("CREATE TABLE grandchild () INHERITS (child)")
    running.run("INSERT INTO grandchild SELECT n, 'grandchild' FROM generate_series(301, 400) n")
    running.run("DELETE FROM grandchild WHERE id > 390")
    wait_equal(running)
    running.run("UPDATE grandchild SET s = 'seen' WHERE id < 310")
    running.run("TRUNCATE child")
    running.wait_until_equal()
    running.run("ALTER TABLE child NO INHERIT t")
    wait_equal(running)

"""A document that the cluster refuses is parked alone; everything else goes on.

That nothing without a row stays parked was seen red where a load and a sweep leave what is parked
to its time.
"""

import pytest
from common import wait_for
from stage import nested_in

AT_ONCE_S = 20  # long before the first retry of a parked document

@pytest.fixture
def poisoned(running):
    """Text into fields that are explicitly integers, one row of a hundred not a number."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
    running.run("INSERT INTO t SELECT n, n::text FROM generate_series(1, 1000) n")
    running.run("UPDATE t SET v = 'poison' WHERE id = 500")
    running.job = running.add_job("t", ["id:integer", "v:integer"])
    return running


def test_a_poison_row_of_a_load_is_parked_alone(poisoned):
    poisoned.wait_until_equal(without=["500"], parked=1)
    assert "500" not in poisoned.found()
    assert poisoned.api.status(poisoned.job)["state"] == "live"


def test_a_poison_change_is_parked_and_healed_by_the_next(poisoned):
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.run("UPDATE t SET v = 'more poison' WHERE id IN (7, 8)")
    poisoned.run("UPDATE t SET v = '0' WHERE id > 900")
    poisoned.wait_until_equal(without=["500", "7", "8"], parked=3)
    poisoned.run("UPDATE t SET v = '5' WHERE id IN (7, 500)")
    poisoned.wait_until_equal(without=["8"], parked=1)
    poisoned.run("DELETE FROM t WHERE id = 8")
    poisoned.wait_until_equal()


def test_what_is_parked_survives_kill_9(poisoned):
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.syncline.restart(kill=True)
    poisoned.run("UPDATE t SET v = '77' WHERE id = 77")
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.run("UPDATE t SET v = '500' WHERE id = 500")
    poisoned.wait_until_equal()


def test_ids_that_no_cluster_takes_are_parked(running):
    """One of them makes a cluster refuse the whole bulk: they must not be in it."""
    running.run("CREATE TABLE t (id text PRIMARY KEY, n int)")
    running.run("INSERT INTO t SELECT n::text, n FROM generate_series(1, 2000) n")
    running.run("INSERT INTO t VALUES ('', 1), (repeat('x', 512), 2), (repeat('x', 513), 3),"
                " (repeat('ä', 300), 4)")
    running.add_job("t", [("id", "id", "text"), "n:integer"])
    bad = ["", "x" * 513, "ä" * 300]
    running.wait_until_equal(without=bad, parked=3)
    assert "x" * 512 in running.found()
    running.run("UPDATE t SET n = n + 1")
    running.wait_until_equal(without=bad, parked=3)
    running.run("DELETE FROM t WHERE n IN (2, 4, 5) AND length(id) <> 1")
    running.run("DELETE FROM t WHERE length(id) IN (0, 300, 513)")
    running.wait_until_equal()


def test_field_values_do_not_reach_the_log(poisoned):
    poisoned.run("UPDATE t SET v = 'a-very-secret-value' WHERE id = 1")
    poisoned.wait_until_equal(without=["1", "500"], parked=2)
    assert "a-very-secret-value" not in poisoned.syncline.log_path.read_text()


def parked_gone(stage):
    wait_for(lambda: stage.api.status(stage.job)["parked"] == 0, AT_ONCE_S, "nothing is parked")
    stage.wait_until_equal()


def test_a_resync_leaves_nothing_parked_that_has_no_row(poisoned):
    """Its row went without a key: the position is taken anew."""
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.command(poisoned.job, "pause")
    poisoned.run("DELETE FROM t WHERE id = 500")
    poisoned.command(poisoned.job, "resync")
    poisoned.command(poisoned.job, "resume")
    parked_gone(poisoned)


def test_a_load_into_a_new_index_leaves_nothing_parked_that_has_no_row(poisoned):
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.command(poisoned.job, "pause")
    poisoned.run("DELETE FROM t WHERE id = 500")
    poisoned.opensearch.request("DELETE", f"/{poisoned.index()}")
    poisoned.command(poisoned.job, "resume")
    parked_gone(poisoned)


def test_a_sweep_leaves_nothing_parked_that_has_no_row(poisoned):
    """The sweep walks the index, which has no parked document."""
    poisoned.wait_until_equal(without=["500"], parked=1)
    poisoned.run("TRUNCATE t")
    parked_gone(poisoned)


def test_a_sweep_for_elements_leaves_nothing_parked(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE e (n int, id int, v text);"
                "INSERT INTO t SELECT generate_series(1, 20);"
                "INSERT INTO e SELECT n, n, CASE WHEN n % 4 = 0 THEN 'poison' ELSE '1' END"
                " FROM generate_series(1, 20) n; CREATE INDEX ON e (id)")
    running.job = running.add_job("t", ["id:integer"], name="tt")
    running.add_job("e", ["n:integer", "id:integer", "v:integer"], name="ee",
                    **nested_in("list", "n"))
    running.wait_live(parked={"tt": 5})
    running.run("TRUNCATE e")
    parked_gone(running)


def test_a_warning_tells_while_most_documents_are_refused(running):
    """Seen red: a job with 500 of 500 documents parked told of nothing."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
    running.run("INSERT INTO t SELECT n, 'poison' FROM generate_series(1, 500) n")
    job = running.add_job("t", ["id:integer", "v:integer"])
    running.wait_live(parked=500)
    warning, = running.api.status(job)["warnings"]
    assert "500 of the last 500 documents were refused" in warning and "[v]" in warning, warning
    running.run("UPDATE t SET v = '5'")
    running.wait_until_equal()
    assert running.api.status(job)["warnings"] == []

"""A document that the cluster refuses is parked alone, and everything else goes on; it is tried
again, listed, retried by hand and given up.

That nothing without a row stays parked was seen red where a load and a sweep leave what is parked
to its time.
"""

import datetime
import os
import statistics
import time

import pytest
import requests
from bodies import assert_error, assert_invalid
from common import wait_for
from parked import (failure, failures, give_up, let_the_cluster_take_it, moment, poison, retry,
                    wait_for_attempts)
from stage import nested_in

RETRY_S = 1
AT_ONCE_S = 20  # long before the first retry of a parked document
PARKED = int(os.environ.get("SYNCLINE_PARKED", "100000"))  # the promise is for 1,000,000

# -- what is parked, and when it ends --------------------------------------------------------------

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


# -- tries, lists and giving up --------------------------------------------------------------------


@pytest.fixture
def patient(running):
    """A minute between tries: nothing happens by itself during a test."""
    return running


@pytest.fixture
def hasty(stage):
    stage.syncline.environment["SYNCLINE_RETRY_SECONDS"] = str(RETRY_S)
    return stage.start()


def next_wait(item):
    return moment(item["next_at"]) - moment(item["last_at"])


def test_what_is_known_of_a_parked_document(patient):
    poison(patient)
    page = failures(patient)
    assert page["next"] is None
    [item] = page["items"]
    assert set(item) == {"id", "status", "type", "reason", "attempts", "first_at", "last_at",
                         "next_at"}
    assert (item["id"], item["status"], item["attempts"]) == ("5", 400, 1)
    assert item["type"] == "mapper_parsing_exception"
    assert "poison" in item["reason"]
    assert item["first_at"] == item["last_at"]
    assert next_wait(item) == datetime.timedelta(minutes=1)


def test_it_is_tried_again_and_each_wait_is_twice_the_last(hasty):
    poison(hasty)
    for attempts in (1, 2, 3):
        item = wait_for_attempts(hasty, "5", attempts)
        assert next_wait(item) == datetime.timedelta(seconds=RETRY_S * 2 ** (item["attempts"] - 1))
        assert moment(item["first_at"]) <= moment(item["last_at"])


def test_it_heals_by_itself_once_the_cluster_takes_it(hasty):
    poison(hasty)
    let_the_cluster_take_it(hasty)
    hasty.wait_until_equal()
    assert failures(hasty) == {"items": [], "next": None}


def test_a_mended_row_heals_it_at_once(patient):
    poison(patient)
    patient.run("UPDATE t SET v = '55' WHERE id = 5")
    patient.wait_until_equal(timeout_s=20)


def test_a_deleted_row_ends_it_at_once(patient):
    poison(patient)
    patient.run("DELETE FROM t WHERE id = 5")
    patient.wait_until_equal(timeout_s=20)
    assert failures(patient)["items"] == []


def test_a_newer_change_that_is_refused_counts_as_one_more_attempt(patient):
    poison(patient)
    first = failure(patient, "5")
    patient.run("UPDATE t SET v = 'worse' WHERE id = 5")
    item = wait_for_attempts(patient, "5", 2)
    assert item["attempts"] == 2
    assert "worse" in item["reason"]
    assert item["first_at"] == first["first_at"] < item["last_at"]
    assert next_wait(item) == datetime.timedelta(minutes=2)


def test_retry_of_all_tries_now(patient):
    poison(patient, poisoned=(3, 5, 7))
    assert retry(patient) == {"retried": 3}
    wait_for(lambda: all(item["attempts"] == 2 for item in failures(patient)["items"]), 20,
             "all were tried")
    let_the_cluster_take_it(patient)
    assert retry(patient, {}) == {"retried": 3}
    patient.wait_until_equal(timeout_s=20)
    assert retry(patient) == {"retried": 0}


def test_retry_of_some_leaves_the_others(patient):
    poison(patient, poisoned=(3, 5, 7))
    let_the_cluster_take_it(patient)
    assert retry(patient, {"ids": ["3", "7"]}) == {"retried": 2}
    patient.wait_until_equal(without=["5"], parked=1, timeout_s=20)
    assert [item["id"] for item in failures(patient)["items"]] == ["5"]
    assert retry(patient, {"ids": []}) == {"retried": 0}
    assert failure(patient, "5")["attempts"] == 1


def test_giving_up_forgets_it_until_it_changes(hasty):
    poison(hasty)
    answer = give_up(hasty, "5")
    assert answer.status_code == 200
    assert answer.json()["result"] is True and answer.json()["data"]["id"] == "5"
    # Another one that is refused shows that its tries would have come by now.
    hasty.run("UPDATE t SET v = 'poison' WHERE id = 6")
    wait_for_attempts(hasty, "6", 2)
    assert failure(hasty, "5") is None
    hasty.run("UPDATE t SET v = 'poison again' WHERE id = 5")
    assert wait_for_attempts(hasty, "5", 1)["attempts"] < 3


ODD = ["", "/", "a/b", "..", ".", "%2F", "%", "a b", "ä", "?x=1", "#", "+", "retry", "\n",
       "x" * 600]


def test_ids_may_hold_any_character(running):
    running.run("CREATE TABLE t (id text PRIMARY KEY, v text)")
    for identity in ODD:
        running.run("INSERT INTO t VALUES (%s, 'poison')", [identity])
    running.job = running.add_job("t", [("id", "id", "keyword"), "v:integer"])
    running.wait_live(parked=len(ODD))
    listed, query = [], {"limit": 1}
    while query:
        page = failures(running, **query)
        listed += [item["id"] for item in page["items"]]
        query = None if page["next"] is None else {"limit": 1, "after": page["next"]}
    assert listed == sorted(ODD, key=str.encode)
    assert retry(running, {"ids": ODD}) == {"retried": len(ODD)}
    wait_for(lambda: all(item["attempts"] == 2 for item in failures(running)["items"]), 20,
             "all were tried")
    for left, identity in reversed(list(enumerate(ODD))):
        answer = give_up(running, identity)
        assert answer.status_code == 200, (identity, answer.text)
        assert answer.json()["data"]["id"] == identity
        assert running.api.status(running.job)["parked"] == left


def test_pages_follow_each_other(patient):
    poison(patient, rows=40, poisoned=range(1, 26))
    names = sorted(str(n) for n in range(1, 26))
    page = failures(patient, limit=10)
    assert [item["id"] for item in page["items"]] == names[:10]
    assert page["next"] == names[9]
    page = failures(patient, limit=10, after=page["next"])
    assert [item["id"] for item in page["items"]] == names[10:20]
    page = failures(patient, limit=10, after=page["next"])
    assert [item["id"] for item in page["items"]] == names[20:]
    assert page["next"] is None
    assert failures(patient, after="999") == {"items": [], "next": None}
    # A mark need not be parked (it may have healed meanwhile).
    assert failures(patient, limit=1, after="10x")["items"][0]["id"] == "11"


def test_what_is_not_proper_is_refused(patient):
    poison(patient)
    path = f"/jobs/{patient.job}/failures"
    for limit in ("0", "1001", "-1", "x", "", "1.5", "10 "):
        assert_invalid(patient.api.get(path, params={"limit": limit}), "limit")
    assert_invalid(patient.api.get(path + "?limit=1&limit=2"), "limit")
    assert_invalid(patient.api.get(path + "?offset=1&limit=x"), "limit", "offset")
    assert_invalid(patient.api.post(path + "/retry", {"ids": "5"}), "ids")
    assert_invalid(patient.api.post(path + "/retry", {"ids": ["5", 5], "x": 1}), "ids[1]", "x")
    assert_invalid(patient.api.post(path + "/retry", [1]), "")
    assert_error(patient.api.post(path + "/retry", {"ids": ["5", "6"]}), 404, "not_found")
    assert failure(patient, "5")["attempts"] == 1  # none was tried
    assert_error(give_up(patient, "6"), 404, "not_found")
    for method, nowhere in (("GET", "/jobs/nobody/failures"),
                            ("POST", "/jobs/nobody/failures/retry"),
                            ("DELETE", "/jobs/nobody/failures/5")):
        assert_error(patient.api.request(method, nowhere), 404, "not_found")
    answer = patient.api.request("PUT", path + "/retry")
    assert_error(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, POST"


def test_kill_9_keeps_attempts_and_schedule(hasty):
    poison(hasty)
    before = wait_for_attempts(hasty, "5", 3)
    hasty.syncline.restart(kill=True)
    after = failure(hasty, "5")
    assert after["first_at"] == before["first_at"]
    assert after["attempts"] >= before["attempts"]
    wait_for_attempts(hasty, "5", after["attempts"] + 1, timeout_s=60)
    let_the_cluster_take_it(hasty)
    hasty.wait_until_equal()


def test_a_retry_waits_for_the_cluster(hasty, opensearch):
    """Not reachable: nothing is parked for it, nothing parked is lost."""
    poison(hasty)
    opensearch.stop()
    try:
        wait_for(lambda: hasty.api.status(hasty.job)["state"] == "waiting", 60, "it waits")
        attempts = failure(hasty, "5")["attempts"]
        retry(hasty)
        assert failure(hasty, "5")["attempts"] == attempts
    finally:
        opensearch.start()
    let_the_cluster_take_it(hasty)
    hasty.wait_until_equal()


def test_the_documents_of_an_index_stand_on_its_first_job_that_is_left(patient):
    patient.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
    patient.run("INSERT INTO t VALUES (1, '1'), (2, 'poison')")
    first = patient.add_job("t", ["id:integer", "v:integer"], name="first")
    patient.add_job("t", ["id:integer", ("v", "w", "integer")], name="second")
    patient.wait_live(parked={"first": 1})
    patient.api.delete(f"/jobs/{first}")
    del patient.jobs[first]
    patient.wait_live(parked={"second": 1})
    patient.job = "second"
    assert [item["id"] for item in failures(patient)["items"]] == ["2"]


def test_a_job_that_is_deleted_takes_its_parked_documents_along(patient):
    poison(patient)
    body = patient.jobs[patient.job]
    patient.api.delete(f"/jobs/{patient.job}")
    patient.run("UPDATE t SET v = '5' WHERE id = 5")
    patient.api.create("jobs", body)
    patient.wait_until_equal()


def change_latencies(stage, count=100):
    """Milliseconds from commit to readable by id, one change at a time: median and worst."""
    session = requests.Session()
    session.trust_env = False
    url = f"{stage.opensearch.url}/{stage.index()}/_source/0"
    latencies = []
    for number in range(count):
        value = str(1_000_000 + number)
        stage.run("UPDATE t SET v = %s WHERE id = 0", [value])
        begun = time.monotonic()
        wait_for(lambda: session.get(url, timeout=10).json()["v"] == value, 10, "the change",
                 interval_s=0.001)
        latencies.append((time.monotonic() - begun) * 1000)
    return statistics.median(latencies), max(latencies)


def test_many_parked_documents_do_not_slow_a_change(patient):
    """Neither while they wait nor while they are all being tried; and they take no memory."""
    patient.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
    patient.run("INSERT INTO t VALUES (0, '0')")
    patient.job = patient.add_job("t", ["id:integer", "v:integer"])
    patient.wait_until_equal()
    alone = change_latencies(patient)
    patient.run("INSERT INTO t SELECT n, 'poison' FROM generate_series(1, %s) n", [PARKED])
    patient.wait_live(parked=PARKED, timeout_s=80 + PARKED / 1000)
    waiting = change_latencies(patient)
    assert retry(patient) == {"retried": PARKED}
    tried = change_latencies(patient, 50)
    left = failures(patient, limit=1, after="99998")["items"][0]["attempts"]
    for name, (median, worst) in (("none", alone), ("waiting", waiting), ("being tried", tried)):
        print(f"{PARKED:,} parked, {name}: median {median:.1f} ms, worst {worst:.0f} ms")
    assert left == 1, "the tries ended before the changes did: nothing was measured"
    assert waiting[0] < 5 * alone[0] + 20
    assert tried[0] < 5 * alone[0] + 100
    begun = time.monotonic()
    assert len(failures(patient, limit=1000, after="5")["items"]) == 1000
    assert time.monotonic() - begun < 2
    patient.syncline.assert_memory()

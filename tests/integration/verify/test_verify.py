"""Verification: differences between index and tables are found, and mended where that is asked
for; whatever Syncline was not told of, and nothing that it merely has not done yet."""

import pytest
import shop
from common import wait_for
from owner import Owner
from stage import object_in, property_of
from verification import DONE_S, NOTHING, ask, counts, verify, wait_done
from watched import Writer


def tamper(stage, method, path, body=None):
    """What another hand does to the index."""
    answer = stage.opensearch.request(method, f"/{stage.index()}{path}", body)
    stage.opensearch.request("POST", f"/{stage.index()}/_refresh")
    return answer


@pytest.fixture
def numbers(running):
    """2,500 documents of one table: several pages, on more blocks than are read at once."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text, n numeric)")
    running.run("INSERT INTO t SELECT n, repeat('x', 300), n * 1.10"
                " FROM generate_series(1, 2500) n")
    running.add_job("t", ["id:integer", "s:text", "n:float"], name="numbers")
    running.wait_live()
    return running


def test_finds_what_another_hand_did_and_mends_it_when_asked(numbers):
    stage = numbers
    assert stage.api.status("numbers")["verify"] is None
    report = verify(stage, "numbers")
    assert counts(report) == NOTHING
    assert report["checked"] == 2500 and report["progress"] == 1
    for identity in (7, 1300):
        tamper(stage, "DELETE", f"/_doc/{identity}")
    tamper(stage, "PUT", "/_doc/stranger", {"s": "not ours"})
    for identity in (8, 9, 2400):
        tamper(stage, "PUT", f"/_doc/{identity}", {"id": identity, "s": "changed"})
    # The same document in other words is no difference.
    tamper(stage, "PUT", "/_doc/10", {"n": 11.0, "s": "x" * 300, "id": 10})

    report = verify(stage, "numbers")
    assert counts(report) == {"missing": 2, "extra": 1, "different": 3, "repaired": 0}
    assert report["checked"] == 2501
    samples = {sample["id"]: sample for sample in report["samples"]}
    assert set(samples) == {"7", "1300", "stranger", "8", "9", "2400"}
    assert samples["7"]["kind"] == "missing" and samples["7"]["found"] is None
    assert samples["7"]["expected"] == {"id": 7, "s": "x" * 300, "n": 7.7}
    assert samples["stranger"] == {"id": "stranger", "kind": "extra", "expected": None,
                                   "found": {"s": "not ours"}}
    assert samples["8"]["kind"] == "different" and samples["8"]["found"]["s"] == "changed"
    assert "7" not in stage.found() and "stranger" in stage.found(), "nothing was mended"

    report = verify(stage, "numbers", repair=True)
    assert counts(report) == {"missing": 2, "extra": 1, "different": 3, "repaired": 6}
    assert report["repair"] is True and report["ended_at"]
    stage.assert_index_equals_tables()
    assert counts(verify(stage, "numbers", repair=False)) == NOTHING


def test_every_kind_of_job_is_compared(running):
    """And each job on an index shows the verification of the index."""
    shop.create_tables(running.run)
    shop.fill(running.run)
    for body in shop.job_bodies(running):
        running.create_job(body)
    running.wait_until_equal()
    assert counts(verify(running, "customers")) == NOTHING
    changed = 0
    for identity, source in list(running.found().items())[:40]:
        for field in source:
            if field != "id":
                tamper(running, "POST", f"/_update/{identity}",
                       {"script": {"source": "ctx._source.remove(params.f)",
                                   "params": {"f": field}}})
                changed += 1
                break
    report = verify(running, "items", repair=True)
    assert counts(report) == {**NOTHING, "different": changed, "repaired": changed}
    assert running.api.status("a-orders")["verify"] == report
    running.assert_index_equals_tables()


def test_rows_that_no_trigger_saw_are_found(numbers):
    with numbers.connect() as session, session.cursor() as cursor:
        # As if no trigger had logged them.
        cursor.execute("BEGIN; UPDATE t SET s = 'unseen' WHERE id % 500 = 1;"
                       "DELETE FROM t WHERE id = 77;"
                       "INSERT INTO t VALUES (5000, 'unseen', 1);"
                       + "".join(f"DELETE FROM syncline.log_{n} WHERE txid = pg_current_xact_id();"
                                 for n in range(3)) + "COMMIT")
    report = verify(numbers, "numbers", repair=True)
    assert counts(report) == {"missing": 1, "extra": 1, "different": 5, "repaired": 7}
    numbers.assert_index_equals_tables()


def test_changes_under_way_are_no_differences(numbers):
    """Writers change every row many times while the whole index is looked at, and rows go and come
    back as they were. (With differences counted at the first look this reports hundreds; without
    asking what was touched in between, some of the latter as missing.)"""
    rest = "SELECT pg_sleep(0.02)"
    changes = Writer(
        numbers, "UPDATE t SET n = n + 1 WHERE id > 40 AND random() < 0.01", rest,
        "DELETE FROM t WHERE id = (SELECT id FROM t WHERE id > 40 ORDER BY random() LIMIT 1)",
        "INSERT INTO t SELECT 3000 + (random() * 4000)::int, 'new', 0 ON CONFLICT DO NOTHING")
    blinks = Writer(
        numbers, "DELETE FROM t WHERE id <= 40", rest,
        "INSERT INTO t SELECT n, 'blinks', 0 FROM generate_series(1, 40) n", rest)
    with changes, blinks:
        tamper(numbers, "PUT", "/_doc/stranger", {"s": "not ours"})
        # Each look waits until what was committed before is in the index.
        report = verify(numbers, "numbers", timeout_s=4 * DONE_S)
    assert counts(report) == {**NOTHING, "extra": 1}
    assert report["checked"] > 2000
    assert counts(verify(numbers, "numbers", repair=True)) == {**NOTHING, "extra": 1, "repaired": 1}
    numbers.wait_until_equal()


def test_strangers_go_only_when_a_repair_is_asked_for(running):
    """In an index that Syncline did not create."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text);"
                "INSERT INTO t SELECT n, 'x' FROM generate_series(1, 10) n")
    for identity in range(5, 15):
        running.opensearch.request("PUT", f"/{running.index()}/_doc/{identity}?refresh=true",
                                   {"s": "was here"})
    running.add_job("t", ["id:integer", "s:text"], name="some")
    running.wait_live()
    strangers = {"11", "12", "13", "14"}
    assert running.api.status("some")["documents"]["strangers"] == 4
    assert counts(verify(running, "some")) == {**NOTHING, "extra": 4}
    assert strangers < set(running.found())
    # Mending is no licence for later: a stranger that comes afterwards stays.
    assert counts(verify(running, "some", repair=True)) == {**NOTHING, "extra": 4, "repaired": 4}
    running.assert_index_equals_tables()
    assert running.api.status("some")["documents"]["strangers"] == 0
    tamper(running, "PUT", "/_doc/late", {"s": "x"})
    running.run("INSERT INTO t VALUES (20, 'x'); DELETE FROM t WHERE id = 20")
    running.wait_live()
    assert "late" in running.found()


def test_a_foreign_index_is_compared_in_our_fields_alone(running):
    running.run("CREATE TABLE shipments (id int PRIMARY KEY, carrier text);"
                "CREATE TABLE customers (id int PRIMARY KEY, city text);"
                "INSERT INTO shipments SELECT n, 'post' FROM generate_series(1, 30) n;"
                "INSERT INTO customers SELECT n, 'Bonn' FROM generate_series(0, 4) n")
    owner = Owner(running)
    owner.create()
    owner.write({str(n): {"customer_id": n % 5, "title": f"title {n}"} for n in range(1, 21)})
    # The sweep would come first.
    running.add_job("shipments", ["id:integer", "carrier:keyword"], name="shipments",
                    foreign_sweep_seconds=3600, **object_in("shipment"))
    running.add_job("customers", ["city:keyword"], name="customers", foreign_sweep_seconds=3600,
                    **property_of("id", "customer_id"))
    running.wait_live()
    owner.assert_equal()
    assert counts(verify(running, "shipments")) == NOTHING
    owner.write({"3": {"customer_id": 1, "title": "replaced"}, "99": {"title": "new"}})
    owner.set("4", city="Rome")
    report = verify(running, "customers")
    assert counts(report) == {**NOTHING, "different": 2}
    assert {sample["id"] for sample in report["samples"]} == {"3", "4"}
    assert counts(verify(running, "customers", repair=True)) == {
        **NOTHING, "different": 2, "repaired": 2}
    owner.assert_equal()


def test_what_the_cluster_refuses_is_told_as_not_repaired(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, address text);"
                "INSERT INTO t SELECT n, '10.0.0.1' FROM generate_series(1, 5) n;"
                "UPDATE t SET address = 'nowhere' WHERE id = 3")
    running.add_job("t", ["id:integer", "address:ip"], name="some")
    running.wait_live(parked=1)
    assert counts(verify(running, "some", repair=True)) == {**NOTHING, "missing": 1}
    assert running.api.status("some")["parked"] == 1


def test_one_that_was_killed_is_begun_again(numbers):
    tamper(numbers, "DELETE", "/_doc/7")
    numbers.syncline.stop()
    numbers.syncline.start("verify_page:2")
    numbers.wait_live()
    answer = numbers.api.post("/jobs/numbers/verify", {"repair": True})
    assert answer.status_code == 202, answer.text
    numbers.syncline.wait_dead()
    numbers.syncline.start()
    assert counts(wait_done(numbers, "numbers")) == {**NOTHING, "missing": 1, "repaired": 1}
    numbers.assert_index_equals_tables()
    # What was found is still told after another restart.
    numbers.syncline.restart(kill=True)
    assert numbers.api.status("numbers")["verify"]["missing"] == 1


def test_waits_for_a_paused_job(numbers):
    numbers.command("numbers", "pause")
    ask(numbers, "numbers")
    numbers.run("UPDATE t SET s = 'while paused' WHERE id = 1")
    numbers.add_job("t", ["id:integer"], name="other", index=numbers.index("other"))
    numbers.wait_no_lag("other")
    assert numbers.api.status("numbers")["verify"]["state"] == "waiting"
    numbers.command("numbers", "resume")
    assert counts(wait_done(numbers, "numbers")) == NOTHING


def test_is_done_every_so_many_hours_where_a_job_wants_it(stage):
    stage.syncline.environment["SYNCLINE_DURATION"] = "verify_hour:1000"
    stage.start()
    stage.run("CREATE TABLE t (id int PRIMARY KEY);"
              "INSERT INTO t SELECT n FROM generate_series(1, 5) n")
    body = stage.job_body("t", ["id:integer"], name="some")
    stage.create_job({**body, "verify_every_hours": 2})
    stage.wait_live()
    tamper(stage, "DELETE", "/_doc/3")
    report = wait_for(lambda: stage.api.status("some")["verify"], DONE_S, "a verification began")
    report = wait_done(stage, "some")
    assert counts(report) == {**NOTHING, "missing": 1}
    assert "3" not in stage.found(), "nobody asked for a repair"


def test_refusals(numbers):
    api = numbers.api
    assert api.post("/jobs/nope/verify").status_code == 404
    answer = api.post("/jobs/numbers/verify", {"repair": "yes", "deep": True})
    assert answer.status_code == 400
    assert {fault["path"] for fault in answer.json()["error"]["details"]} == {"repair", "deep"}
    assert api.status("numbers")["verify"] is None

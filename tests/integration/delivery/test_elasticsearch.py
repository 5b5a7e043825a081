"""Elasticsearch, with security on: whoever speaks to it needs its certificate and a password or a
key. Beyond that all kinds of jobs do on it what they do on the cluster of the other tests, which
run on an Elasticsearch as a whole with SYNCLINE_CLUSTER=elasticsearch.
"""

import base64
import random

import pytest
import shop
import workload
from foreign import add_jobs, create_tables, documents
from owner import Owner
from roles import api_key
from verification import NOTHING, counts, verify

pytestmark = pytest.mark.xdist_group("elasticsearch")  # one server for all of them
SEED = 7


@pytest.fixture
def shop_stage(elastic_stage):
    shop.create_tables(elastic_stage.run)
    shop.fill(elastic_stage.run)
    return elastic_stage


def test_random_writers_on_all_kinds(shop_stage):
    """While the cluster and Syncline are killed; then verification finds nothing either."""
    stage = shop_stage.start()
    shop.add_jobs(stage)
    stage.wait_until_equal()
    dice = random.Random(SEED)
    for number, strike in enumerate((stage.syncline.restart, stage.opensearch.restart)):
        writers = workload.start_writers(stage, SEED * 100 + number, 4,
                                         kind=shop.PatientShopWriter)
        try:
            workload.wait_commits(writers, dice.randrange(50, 200))
            strike(kill=True)
            workload.wait_commits(writers, 100)
        finally:
            for writer in writers:
                writer.stop()
        stage.wait_until_equal(180)
    report = verify(stage, "a-orders")
    assert report["checked"] > 0 and counts(report) == NOTHING


def test_verification_mends(shop_stage):
    stage = shop_stage.start()
    shop.add_jobs(stage)
    stage.wait_until_equal()
    index = stage.index()
    identities = sorted(stage.found())[:3]
    stage.opensearch.request("DELETE", f"/{index}/_doc/{identities[0]}")
    stage.opensearch.request("PUT", f"/{index}/_doc/{identities[1]}", {"status": "wrong"})
    stage.opensearch.request("POST", f"/{index}/_refresh")
    report = verify(stage, "a-orders", repair=True)
    assert (report["missing"], report["different"], report["repaired"]) == (1, 1, 2)
    stage.wait_until_equal()


def test_a_resync_while_live(shop_stage):
    stage = shop_stage.start()
    shop.add_jobs(stage)
    stage.wait_until_equal()
    stage.command("a-orders", "resync")
    stage.run("UPDATE customers SET city = 'moved'; DELETE FROM orders WHERE id % 3 = 0")
    stage.wait_until_equal()


def test_a_foreign_index(elastic_stage):
    """Scripts, update by query, the sweep."""
    stage = elastic_stage.start()
    create_tables(stage.run)
    owner = Owner(stage)
    owner.create()
    owner.write(documents(range(1, 31)))
    add_jobs(owner)
    owner.wait_equal()
    for statement in ("UPDATE customers SET city = 'moved' WHERE id < 4",
                      "UPDATE vat_rates SET rate = 7 WHERE country = 'de'",
                      "DELETE FROM items WHERE order_id < 10",
                      "UPDATE shipments SET order_id = order_id + 1"):
        stage.run(statement)
        owner.wait_equal()
    owner.write(documents(range(20, 45), title="written again, or late"))
    owner.wait_equal()


def test_a_refused_document_is_parked_and_healed(elastic_stage):
    stage = elastic_stage.start()
    stage.run("CREATE TABLE t (id int PRIMARY KEY, v text);"
              "INSERT INTO t SELECT n, n::text FROM generate_series(1, 20) n;"
              "UPDATE t SET v = 'poison' WHERE id IN (5, 6)")
    job = stage.add_job("t", ["id:integer", "v:integer"])
    stage.wait_until_equal(without=["5", "6"], parked=2)
    items = stage.api.get(f"/jobs/{job}/failures").json()["items"]
    assert [(item["id"], item["status"]) for item in items] == [("5", 400), ("6", 400)]
    assert all(item["type"] and "poison" in item["reason"] for item in items)
    stage.run("UPDATE t SET v = '7' WHERE id = 5; DELETE FROM t WHERE id = 6")
    stage.wait_until_equal()


def with_api(stage, **api):
    """The target with other credentials; a value of None takes a field out."""
    body = stage.target_body()
    body["api"].update(api)
    body["api"] = {name: value for name, value in body["api"].items() if value is not None}
    return body


def start_with(stage, **api):
    stage.syncline.start()
    stage.api.create("sources", stage.source_body())
    stage.api.create("targets", with_api(stage, **api))
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text);"
              "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    return stage.add_job("t", ["id:integer", "s:text"])


def test_an_api_key_is_enough(elastic_stage):
    key = api_key(elastic_stage.opensearch, f"{elastic_stage.unique}-*")
    start_with(elastic_stage, username=None, password=None, api_key=key)
    elastic_stage.wait_until_equal()
    assert key not in elastic_stage.syncline.log_path.read_text()


def test_a_key_that_may_not_write_there_is_told(elastic_stage):
    key = api_key(elastic_stage.opensearch, "elsewhere-*")
    job = start_with(elastic_stage, username=None, password=None, api_key=key)
    status = elastic_stage.wait_state(job, "failed", elastic_stage.index())
    assert "privilege" in status["error"]["message"]


def test_a_wrong_password_is_told_and_can_be_mended(elastic_stage):
    job = start_with(elastic_stage, password="wrong")
    status = elastic_stage.wait_state(job, "failed", "401")
    assert "credentials" in status["error"]["message"]
    answer = elastic_stage.api.put("/targets/search", elastic_stage.target_body())
    assert answer.status_code == 200, answer.text
    elastic_stage.wait_until_equal()
    token = base64.b64encode(b"elastic:wrong").decode()
    log = elastic_stage.syncline.log_path.read_text()
    assert elastic_stage.opensearch.password not in log and token not in log


def test_a_certificate_that_nobody_vouches_for(elastic_stage):
    job = start_with(elastic_stage, ca_file=None)
    status = elastic_stage.wait_state(job, "waiting", "certificate")
    assert "ca_file" in status["error"]["message"]
    answer = elastic_stage.api.put("/targets/search",
                                   with_api(elastic_stage, ca_file=None, verify=False))
    assert answer.status_code == 200, answer.text
    elastic_stage.wait_until_equal()

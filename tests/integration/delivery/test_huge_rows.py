"""Rows of megabytes: read, composed and sent in bounded memory; one too large is parked alone.

Seen red: without bounds on lookups 450 MB for four hundred rows and 1.3 GB for elements, without
bounds on keys 2.2 GB for compare values, and without halves of what is refused by 429 a row of
55 MB stopped everything.
"""

import pytest
from common import wait_for
from stage import object_in, nested_in, opaque, property_of

RESIDENT_MB_MAX = 300
HUGE = "repeat('x', 110 << 20)"


def ids(stage, index=None):
    index = index or stage.index()
    stage.opensearch.request("POST", f"/{index}/_refresh")
    found = stage.opensearch.request("GET", f"/{index}/_search?size=5000&_source=false")
    return {hit["_id"] for hit in found["hits"]["hits"]}


def reasons(stage, job):
    return {item["id"]: item["reason"]
            for item in stage.api.get(f"/jobs/{job}/failures").json()["items"]}


@pytest.fixture
def plain(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, v text, b bytea)")
    running.run("INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 3000) n")
    yield running
    running.syncline.assert_memory(RESIDENT_MB_MAX)


def add_plain_job(stage):
    return stage.add_job("t", ["id:integer", opaque("v"), opaque("b")], name="tt")


def test_a_row_of_110_mb_by_load_and_resync(plain):
    plain.run(f"UPDATE t SET v = {HUGE} WHERE id = 1500")
    add_plain_job(plain)
    plain.wait_live(parked=1)
    assert reasons(plain, "tt") == {"1500": "its rows hold more than 64 MiB"}
    assert ids(plain) == {str(n) for n in range(1, 3001)} - {"1500"}
    plain.command("tt", "resync")
    plain.wait_live(parked=1)
    plain.run("UPDATE t SET v = 'small' WHERE id = 1500")
    plain.wait_until_equal()


def test_rows_that_grow_by_change(plain):
    """Escapes make six bytes of one, base64 two of three that hex has."""
    add_plain_job(plain)
    plain.wait_until_equal()
    plain.run(f"UPDATE t SET v = {HUGE} WHERE id = 1")
    plain.run("UPDATE t SET v = repeat(E'\\x01', 60 << 20) WHERE id = 2")
    plain.run("UPDATE t SET b = convert_to(repeat('x', 60 << 20), 'UTF8') WHERE id = 3")
    plain.run("UPDATE t SET b = convert_to(repeat('x', 20 << 20), 'UTF8') WHERE id = 4")
    plain.run("UPDATE t SET v = repeat(E'\\x01', 5 << 20) WHERE id = 5")
    # The cluster's heap is 512 MB, and a tenth of it all that it takes at once.
    plain.run("UPDATE t SET v = repeat('x', 55 << 20) WHERE id = 6")
    plain.run("UPDATE t SET v = 'after' WHERE id = 7")
    plain.wait_live(parked=4)
    found = reasons(plain, "tt")
    assert "larger than the cluster has room for" in found.pop("6")
    assert found == {
        "1": "its rows hold more than 64 MiB", "2": "it is larger than 100 MB as JSON",
        "3": "its rows hold more than 64 MiB"}
    source = plain.opensearch.request("GET", f"/{plain.index()}/_doc/4")["_source"]
    assert len(source["b"]) == ((20 << 20) + 2) // 3 * 4
    source = plain.opensearch.request("GET", f"/{plain.index()}/_doc/5")["_source"]
    assert source["v"] == "\x01" * (5 << 20)


def test_the_same_rows_by_load(plain):
    plain.run("UPDATE t SET v = repeat(E'\\x01', 60 << 20) WHERE id = 2")
    plain.run("UPDATE t SET b = convert_to(repeat('x', 20 << 20), 'UTF8') WHERE id = 4")
    add_plain_job(plain)
    plain.wait_live(parked=1)
    assert reasons(plain, "tt") == {"2": "it is larger than 100 MB as JSON"}


def test_four_hundred_rows_of_a_megabyte_in_one_update(plain):
    add_plain_job(plain)
    plain.wait_until_equal()
    plain.run("UPDATE t SET v = repeat('x', 1 << 20) WHERE id <= 400")
    plain.wait_live()
    for id in (1, 400):
        found = plain.opensearch.request("GET", f"/{plain.index()}/_doc/{id}")["_source"]
        assert len(found["v"]) == 1 << 20


def test_huge_elements_objects_fields_and_links(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, link text);"
                "CREATE TABLE o (id int PRIMARY KEY, v text);"
                "CREATE TABLE e (n int PRIMARY KEY, id int, v text); CREATE INDEX ON e (id);"
                "CREATE TABLE p (pk int PRIMARY KEY, code text, v text)")
    running.run("INSERT INTO t SELECT n, 'code ' || n FROM generate_series(1, 500) n;"
                "INSERT INTO o SELECT n, 'o' FROM generate_series(1, 500) n;"
                "INSERT INTO e SELECT n, n, 'e' FROM generate_series(1, 500) n;"
                "INSERT INTO p SELECT n, 'code ' || n, 'p' FROM generate_series(1, 500) n")
    running.run(f"UPDATE o SET v = {HUGE} WHERE id = 10")
    running.run(f"UPDATE e SET v = {HUGE} WHERE n = 20")
    running.run(f"UPDATE p SET v = {HUGE} WHERE pk = 30")
    running.run(f"UPDATE t SET link = {HUGE} WHERE id = 40")
    running.run(f"UPDATE p SET code = {HUGE} WHERE pk = 50")
    running.add_job("t", ["id:integer", opaque("link")], name="tt")
    running.add_job("o", ["id:integer", opaque("v")], name="oo", **object_in("o"))
    running.add_job("e", ["n:integer", "id:integer", opaque("v")], name="ee", **nested_in("e", "n"))
    running.add_job("p", [opaque("v", "label")], name="pp", **property_of("code", "link"))
    parked = {"10", "20", "30", "40"}
    running.wait_live(parked={"tt": len(parked)})
    assert set(reasons(running, "tt")) == parked
    assert ids(running) == {str(n) for n in range(1, 501)} - parked
    # Elements by the hundred, and links that change to what is huge.
    running.run("INSERT INTO e SELECT 1000 + n, 60, repeat('x', 1 << 20)"
                " FROM generate_series(1, 100) n")
    running.run(f"UPDATE p SET code = {HUGE} WHERE pk = 70")
    wait_for(lambda: set(reasons(running, "tt")) == parked | {"60"}, 60, "60 is parked, too")
    running.run("DELETE FROM e WHERE n > 1000; UPDATE o SET v = 'o' WHERE id = 10;"
                "UPDATE e SET v = 'e' WHERE n = 20; UPDATE p SET v = 'p' WHERE pk = 30;"
                "UPDATE t SET link = 'x' WHERE id = 40;"
                "UPDATE p SET code = 'code ' || pk WHERE pk IN (50, 70)")
    running.wait_until_equal()
    running.syncline.assert_memory(RESIDENT_MB_MAX)


def test_three_hundred_compare_values_of_a_megabyte(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, link text);"
                "CREATE TABLE p (pk int PRIMARY KEY, code text, v text)")
    running.run("INSERT INTO t SELECT n, 'small' FROM generate_series(1, 320) n;"
                "INSERT INTO p SELECT n, 'code ' || n, 'p' || n FROM generate_series(1, 320) n")
    running.add_job("t", ["id:integer", opaque("link")], name="tt")
    running.add_job("p", [("v", "label", "keyword")], name="pp", **property_of("code", "link"))
    running.wait_until_equal()
    running.run("UPDATE p SET code = repeat('x', (1 << 20) + pk) WHERE pk <= 300")
    running.run("UPDATE t SET link = repeat('x', (1 << 20) + id) WHERE id <= 300")
    running.wait_live(180)
    for id in (1, 300):
        found = running.opensearch.request("GET", f"/{running.index()}/_doc/{id}")["_source"]
        assert found["label"] == f"p{id}" and len(found["link"]) > 1 << 20
    running.run("UPDATE p SET v = 'changed' WHERE pk <= 300")
    running.wait_live(180)
    assert running.opensearch.request(
        "GET", f"/{running.index()}/_doc/7")["_source"]["label"] == "changed"
    running.syncline.assert_memory(RESIDENT_MB_MAX)

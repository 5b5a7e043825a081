"""The test servers themselves: they are real, whole, and keep their data."""

import shutil

import psycopg2
import pytest

import common
from indices import differences
from oracle import Oracle
from opensearch import OpenSearchServer
from oracle_types import iso_date
from postgres import PostgresServer


def test_postgres_has_contrib_and_a_strange_session(stage):
    stage.run("CREATE EXTENSION citext")
    stage.run("CREATE EXTENSION hstore")
    assert stage.run("SELECT 'A'::citext = 'a', ('a=>1'::hstore) -> 'a'") == [(True, "1")]
    assert stage.run("SHOW timezone") == [("Asia/Kathmandu",)]


def test_postgres_keeps_data_over_an_immediate_restart():
    folder = common.scratch("postgres")
    server = PostgresServer(folder / "postgres", fsync=True).create().start()
    try:
        port = server.port
        with psycopg2.connect(**server.connection_parameters()) as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.close()
        server.restart(immediate=True)
        assert server.port == port
        connection = psycopg2.connect(**server.connection_parameters())
        cursor = connection.cursor()
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchall() == [(7,)]
        connection.close()
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_opensearch_has_painless_and_reindex(opensearch, stage):
    index = stage.index()
    opensearch.request("PUT", f"/{index}/_doc/1?refresh=true", {"n": 1})
    opensearch.request("POST", f"/{index}/_update_by_query?refresh=true",
                       {"script": {"source": "ctx._source.n += params.by", "params": {"by": 2}}})
    opensearch.request("POST", "/_reindex?refresh=true",
                       {"source": {"index": index}, "dest": {"index": index + "-copy"}})
    assert opensearch.request("GET", f"/{index}-copy/_doc/1")["_source"] == {"n": 3}


@pytest.mark.parametrize("kill", [False, True])
def test_opensearch_keeps_data_over_a_restart(tmp_path, kill):
    server = OpenSearchServer(tmp_path / "opensearch", heap_mb=256).start()
    try:
        server.request("PUT", "/kept/_doc/1", {"n": 7})
        url = server.url
        server.restart(kill=kill)
        assert server.url == url
        assert server.request("GET", "/kept/_doc/1")["_source"] == {"n": 7}
    finally:
        server.stop()


def test_the_comparison_sees_what_differs():
    expected = {"1": {"n": 1}, "2": {"n": 2}, "4": {"b": True}, "5": {"n": 1}}
    found = {"1": {"n": 1}, "3": {"n": 3}, "4": {"b": 1}, "5": {"n": "1"}}
    words = [difference.split(":")[0] for difference in differences(expected, found)]
    assert words == ["missing '2'", "extra '3'", "different '4'", "different '5'"]


@pytest.mark.parametrize("text, expected", [
    ("2026-01-31", "2026-01-31"),
    ("2026-01-31 10:20:30.5", "2026-01-31T10:20:30.5"),
    ("2026-01-31T10:20:30+00:00", "2026-01-31T10:20:30Z"),
    ("0044-03-15 BC", "-0043-03-15"),
    ("0001-01-01 BC", "0000-01-01"),
    ("12024-01-01", "+12024-01-01"),
    ("infinity", None),
])
def test_the_oracle_writes_dates_as_the_contract_does(text, expected):
    assert iso_date(text) == expected


def test_the_oracle_merges_jobs_and_escapes_ids(stage):
    stage.run("CREATE TABLE a (x text, y int, shared text, PRIMARY KEY (x, y))")
    stage.run("CREATE TABLE b (x text, y int, shared text, only_b int)")
    stage.run("INSERT INTO a VALUES ('p_q%', 1, 'from a'), ('r', 2, 'from a')")
    stage.run("INSERT INTO b VALUES ('r', 2, 'from b', NULL), ('s', 3, 'from b', 9),"
              " (NULL, 4, 'nowhere', 1)")
    stage.source_body()
    both = ["x:keyword", "y:integer", "shared:text"]
    jobs = [stage.job_body("b", [*both, "only_b:integer"], id=["x", "y"], name="job-b"),
            stage.job_body("a", both, id=["x", "y"], name="job-a")]
    assert Oracle(jobs, stage.sources).documents() == {
        "p%5Fq%25_1": {"x": "p_q%", "y": 1, "shared": "from a"},
        "r_2": {"x": "r", "y": 2, "shared": "from b", "only_b": None},
        "s_3": {"x": "s", "y": 3, "shared": "from b", "only_b": 9}}


def test_the_oracle_gives_a_contested_id_to_the_highest_primary_key(stage):
    stage.run("CREATE TABLE t (id int PRIMARY KEY, place text)")
    stage.run("INSERT INTO t VALUES (10, 'x'), (9, 'x'), (1, 'y')")
    stage.source_body()
    job = stage.job_body("t", ["id:integer", "place:keyword"], id="place")
    assert Oracle([job], stage.sources).documents() == {
        "x": {"id": 10, "place": "x"}, "y": {"id": 1, "place": "y"}}

"""Columns that are generated when they are read (PostgreSQL 18): NULL to triggers."""

import pytest
from common import wait_for
from stage import nested_in, object_in, property_of

pytestmark = pytest.mark.xdist_group("newest")  # one server for all of them

TABLE = ("CREATE TABLE {name} (id int {key}, a int, b text, unread int,"
         " v int GENERATED ALWAYS AS (a * 2) VIRTUAL,"
         " w text GENERATED ALWAYS AS (upper(b) || '/' || a) VIRTUAL, c int GENERATED ALWAYS AS (7)"
         " VIRTUAL, kept int GENERATED ALWAYS AS (a + 1) STORED) {partition}")
ENTRIES = ["id:integer", "v:integer", "w:keyword", "c:integer", "kept:integer"]


@pytest.fixture
def newest(newest_stage):
    return newest_stage.start()


def make(stage, name, partitioned=False):
    stage.run(TABLE.format(name=name, key="" if partitioned else "PRIMARY KEY",
                           partition="PARTITION BY RANGE (a)" if partitioned else ""))
    if partitioned:
        stage.run(f"CREATE TABLE {name}_0 PARTITION OF {name} FOR VALUES FROM (MINVALUE) TO (500);"
                  f"CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES FROM (500) TO (MAXVALUE)")
    stage.run(f"INSERT INTO {name} SELECT n, n, 'b' || n, 0 FROM generate_series(1, 20) n")


@pytest.mark.parametrize("partitioned", [False, True], ids=["plain", "partitioned"])
def test_every_update_arrives(newest, partitioned):
    """And none of the user's statements fails. Seen red: the UPDATEs of what is read only by a
    virtual column's expression were lost."""
    make(newest, "t", partitioned)
    job = newest.add_job("t", ENTRIES)
    newest.wait_until_equal()
    newest.follow("UPDATE t SET a = a + 1 WHERE id < 5", "UPDATE t SET b = 'other' WHERE id = 3",
                  "UPDATE t SET a = 700 WHERE id = 7", "INSERT INTO t VALUES (99, 1, 'new', 1)",
                  "DELETE FROM t WHERE id = 2",
                  ["UPDATE t SET id = id + 100 WHERE id = 4",
                   "UPDATE t SET b = NULL WHERE id = 104"])
    before = newest.api.status(job)["documents"]["indexed"]
    newest.run("UPDATE t SET unread = unread + 1")
    newest.wait_until_equal()
    assert newest.api.status(job)["documents"]["indexed"] == before


def test_an_expression_that_changes_changes_the_documents(newest):
    """Without a row being written. Seen red without the expression in what is compared."""
    make(newest, "t")
    newest.add_job("t", ENTRIES)
    newest.wait_until_equal()
    newest.run("ALTER TABLE t ALTER COLUMN v SET EXPRESSION AS (a * 3 + unread)")

    def noticed():
        newest.wait_live(1)
        newest.assert_index_equals_tables()
        return True
    wait_for(noticed, 30, "the documents hold the new values", 0.2)
    newest.follow("UPDATE t SET unread = 5 WHERE id = 1")


def test_where_it_is_the_link_the_job_says_so(newest):
    """Seen red: INSERT and DELETE failed, with "unexpected virtual generated column reference"."""
    make(newest, "t")
    newest.run("CREATE TABLE hosts (id int PRIMARY KEY, ref int); INSERT INTO hosts VALUES (1, 2)")
    hosts = newest.index("hosts")
    refused = [
        newest.add_job("t", ["v:integer"], id="v", index=newest.index("one")),
        newest.add_job("t", ["id:integer", "v:integer"], id=["id", "v"], index=newest.index("two")),
        newest.add_job("t", ["v:integer"], id="v", index=newest.index("three"), **object_in("t")),
        newest.add_job("t", ["v:integer", "id:integer"], id="v", index=newest.index("four"),
                       **nested_in("t", "id")),
        newest.add_job("t", ["b:text"], index=newest.index("five"), **property_of("v", "ref"))]
    for name in refused:
        newest.wait_state(name, "failed", "column v", "VIRTUAL")
    newest.run("INSERT INTO t VALUES (50, 1, 'x')")
    newest.run("DELETE FROM t WHERE id = 1")
    newest.run("UPDATE t SET a = 9")
    for name in refused:
        newest.delete_job(name)
    newest.add_job("hosts", ["id:integer", "ref:integer"], index=hosts)
    newest.add_job("t", ["id:integer", ("v", "at", "integer")], index=hosts,
                   **nested_in("elements", "at"))
    newest.wait_until_equal()
    newest.follow("UPDATE t SET a = 100 - id", "DELETE FROM t WHERE id = 3")


def test_a_column_that_becomes_virtual_fails_nobody(newest):
    """While it is the id of a live job. Seen red without the handler that logs for any columns."""
    newest.run("CREATE TABLE t (id int, a int PRIMARY KEY); INSERT INTO t VALUES (1, 1), (2, 2)")
    job = newest.add_job("t", ["id:integer", "a:integer"])
    newest.wait_until_equal()
    newest.run("ALTER TABLE t DROP COLUMN id;"
               " ALTER TABLE t ADD COLUMN id int GENERATED ALWAYS AS (a) VIRTUAL")
    for _ in range(3):
        newest.run("INSERT INTO t VALUES (7); UPDATE t SET a = 8 WHERE a = 7; DELETE FROM t"
                   " WHERE a = 8; INSERT INTO t SELECT n FROM generate_series(10, 12) n;"
                   " DELETE FROM t WHERE a >= 10")
    newest.wait_state(job, "failed", "column id", "VIRTUAL")
    newest.run("INSERT INTO t VALUES (9)")

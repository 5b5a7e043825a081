"""Loading: tables of all sizes and names, ids of all shapes."""

import pytest
from common import wait_for
from stage import object_in, opaque


@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001, 50_000])
def test_tables_of_all_sizes(running, rows):
    running.run("CREATE TABLE orders (id int PRIMARY KEY, status text, amount numeric, at"
                " timestamptz)")
    running.run("INSERT INTO orders SELECT n, 'status ' || mod(n, 7), n / 100.0,"
                " timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute 0.000001 second'"
                " FROM generate_series(1, %s) n", (rows,))
    job = running.add_job("orders", ["id:integer", "status:text", "amount:float", "at:date"])
    running.wait_until_equal()
    status = running.api.status(job)
    assert status["load"]["rows_done"] == rows
    assert status["load"]["started_at"] <= status["load"]["finished_at"]
    assert status["documents"]["indexed"] >= rows
    assert len(running.found()) == rows


def test_a_large_table_is_not_counted_for_what_its_index_brought(running):
    """What the planner takes for its size is told: counting it may last longer than a statement.
    Seen red with a count."""
    running.run("CREATE TABLE t (id int PRIMARY KEY);"
                "CREATE TABLE big (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off)")
    running.run("INSERT INTO big SELECT n, repeat('x', 400) FROM generate_series(1, 25000) n")
    running.run("ANALYZE big")
    running.run("UPDATE pg_class SET reltuples = 3 * reltuples WHERE oid = 'big'::regclass")
    running.add_job("t", ["id:integer"], name="tt")
    running.add_job("big", ["id:integer", "v:keyword"], name="big", **object_in("big"))
    running.wait_until_equal()
    load = running.api.status("big")["load"]
    assert load["rows_done"] == load["rows_estimate"] == pytest.approx(75_000, rel=0.02)


def test_the_index_is_mapped_as_the_contract_says(running):
    running.run("CREATE TABLE t (id bigint PRIMARY KEY, f real, d double precision, n numeric,"
                " s text, b boolean, k text, at date)")
    running.add_job("t", ["id:integer", "f:float", "d:float", "n:float", "s:text", "b:boolean",
                          "k:keyword", "at:date",
                          {"source_column": "s", "alias": "english", "type": "text",
                           "params": {"analyzer": "english"}}],
                    settings={"number_of_shards": 2})
    running.wait_live()
    described = running.opensearch.request("GET", f"/{running.index()}")[running.index()]
    types = {name: field["type"] for name, field in described["mappings"]["properties"].items()}
    assert types == {"id": "long", "f": "float", "d": "double", "n": "double", "s": "text",
                     "b": "boolean", "k": "keyword", "at": "date", "english": "text"}
    text = described["mappings"]["properties"]["s"]
    assert text["fields"]["keyword"]["type"] == "keyword"
    assert described["mappings"]["properties"]["english"]["analyzer"] == "english"
    assert described["settings"]["index"]["number_of_shards"] == "2"
    # What loading turned off is on again.
    assert described["settings"]["index"].get("refresh_interval") != "-1"
    assert described["settings"]["index"]["number_of_replicas"] == "1"


def test_mappings_left_empty_take_every_column(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text, n bigint, j jsonb, ts timestamp)")
    running.run("""INSERT INTO t VALUES (1, 'a', 5, '{"x": [1, 2], "y": {"z": null}}', now())""")
    body = running.job_body("t", ["id:integer"])
    body["target"]["mappings"] = []
    body["source"]["columns"] = ["id", "s", "n", "j", "ts"]
    running.api.create("jobs", body)
    running.jobs[body["name"]] = body
    running.wait_until_equal()


def test_composite_ids_are_escaped(running):
    running.run("CREATE TABLE t (a text, b text, n int, PRIMARY KEY (a, b))")
    running.run("INSERT INTO t VALUES ('x_y', 'z', 1), ('x', 'y_z', 2), ('%', '_', 3),"
                " ('', '', 4), ('%5F', '%25', 5), ('ä/?#&\"\\', E'\\t\\n', 6)")
    running.add_job("t", ["a:keyword", "b:keyword", "n:integer"], id=["a", "b"])
    running.wait_until_equal()
    assert set(running.found()) >= {"x%5Fy_z", "x_y%5Fz", "%25_%5F", "_", "%255F_%2525"}
    running.run("UPDATE t SET n = n + 10")
    running.run("DELETE FROM t WHERE a = '%%5F'")
    running.wait_until_equal()


@pytest.mark.parametrize("kind, values", [
    ("uuid", "('6f1c7b52-50c0-4e57-9f6d-0f34ab9ee4d1'), ('00000000-0000-0000-0000-000000000000')"),
    ("numeric", "(1.10), (-0.000000001), (123456789012345678901234567890.5)"),
    ("double precision", "(1e20), (1e-7), (0.1), (-5)"),
    ("timestamptz", "('2026-01-31 10:20:30.5+02'), ('0044-03-15 00:00:00Z BC')"),
    ("date", "('2026-01-31'), ('12024-01-01')"),
    ("boolean", "(true), (false)"),
    ("char(8)", "('ab'), ('abcdefgh')"),
    ("text", "('a b'), ('日本'), ('\"quoted\"'), ('007'), ('x_%')"),
])
def test_ids_of_many_types(running, kind, values):
    running.run(f"CREATE TABLE t (id {kind} PRIMARY KEY, n int)")
    running.run("INSERT INTO t (id) VALUES " + values)
    running.add_job("t", [opaque("id"), "n:integer"])
    running.wait_until_equal()
    running.run("UPDATE t SET n = 1")
    running.wait_until_equal()
    running.run("DELETE FROM t WHERE id = (SELECT min(id::text) FROM t)::" + kind
                if kind == "boolean" else
                "DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id LIMIT 1)")
    running.wait_until_equal()


def test_rows_with_null_in_their_id_have_no_document(running):
    running.run("CREATE TABLE t (k serial PRIMARY KEY, a int, b text)")
    running.run("INSERT INTO t (a, b) VALUES (1, 'x'), (NULL, 'x'), (2, NULL), (NULL, NULL)")
    running.add_job("t", ["a:integer", "b:keyword"], id=["a", "b"])
    running.wait_until_equal()
    assert set(running.found()) == {"1_x"}


def test_a_table_without_primary_key(running):
    running.run("CREATE TABLE t (id int, s text)")
    running.run("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 2000) n")
    running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    running.run("UPDATE t SET s = 'other' WHERE id % 2 = 0")
    running.run("DELETE FROM t WHERE id % 3 = 0")
    running.wait_until_equal()


def test_the_highest_primary_key_wins_a_contested_id(running):
    running.run("CREATE TABLE t (pk int PRIMARY KEY, place int, s text)")
    running.run("INSERT INTO t VALUES (1, 7, 'one'), (10, 7, 'ten'), (9, 7, 'nine'), (2, 8, 'two')")
    running.add_job("t", ["pk:integer", "place:integer", "s:text"], id="place")
    running.wait_until_equal()
    assert running.found()["7"]["s"] == "ten"
    running.run("DELETE FROM t WHERE pk = 10")
    running.wait_until_equal()
    assert running.found()["7"]["s"] == "nine"
    running.run("UPDATE t SET pk = 20 WHERE pk = 1")
    running.wait_until_equal()
    assert running.found()["7"]["s"] == "one"


def test_odd_names(running):
    running.run('CREATE SCHEMA "My Schema"')
    running.run('CREATE TABLE "My Schema"."Order Lines"'
                ' ("Id" int PRIMARY KEY, "wei""rd" text, "select" int, "a.b" text,'
                ' "ünïcode $1 %" text, "back\\slash" text)')
    fill = ('INSERT INTO "My Schema"."Order Lines"'
            " SELECT n, 'w' || n, n, 'ab', 'u', 'b' FROM generate_series(%s::int, %s) n")
    running.run(fill, (1, 50))
    columns = ["Id", 'wei"rd', "select", "ünïcode $1 %", "back\\slash", "a.b"]
    running.add_job("My Schema.Order Lines",
                    [(column, f"f{number}", "integer" if column in ("Id", "select") else "keyword")
                     for number, column in enumerate(columns)], id="f0")
    running.wait_until_equal()
    running.run(fill, (51, 60))
    running.run('UPDATE "My Schema"."Order Lines" SET "wei""rd" = \'changed\' WHERE "Id" < 5')
    running.run('DELETE FROM "My Schema"."Order Lines" WHERE "select" = 7')
    running.wait_until_equal()


def test_partitioned_tables(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text) PARTITION BY RANGE (id)")
    running.run("CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (1000)")
    running.run("CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (1000) TO (2000)")
    running.run("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(500, 1500) n")
    running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    running.run("UPDATE t SET id = 1999 WHERE id = 600")
    running.run("UPDATE t_low SET s = 'through the leaf' WHERE id < 700")
    running.run("DELETE FROM t WHERE id % 7 = 0")
    running.run("TRUNCATE t_high")
    running.wait_until_equal()


def test_several_jobs_define_a_document_together(running):
    running.run("CREATE TABLE a (id int PRIMARY KEY, shared text, only_a int)")
    running.run("CREATE TABLE b (id int PRIMARY KEY, shared text, only_b int)")
    running.run("INSERT INTO a SELECT n, 'from a', n FROM generate_series(1, 300) n")
    running.run("INSERT INTO b SELECT n, 'from b', n FROM generate_series(200, 500) n")
    running.add_job("a", ["id:integer", "shared:keyword", "only_a:integer"], name="zz-of-a")
    running.add_job("b", ["id:integer", "shared:keyword", "only_b:integer"], name="aa-of-b")
    running.wait_until_equal()
    assert running.found()["250"]["shared"] == "from a"
    running.run("DELETE FROM a WHERE id BETWEEN 240 AND 260")
    running.run("DELETE FROM b WHERE id BETWEEN 250 AND 280")
    running.wait_until_equal()
    assert running.found()["245"]["shared"] == "from b"
    assert "255" not in running.found()


def test_jobs_from_two_databases_define_a_document_together(running):
    other = running.new_database()
    running.api.create("sources", running.source_body("stock", other))
    running.run("CREATE TABLE a (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO a SELECT n, 'a' FROM generate_series(1, 50) n")
    connection = running.connect(other)
    connection.cursor().execute(
        "CREATE TABLE b (id int PRIMARY KEY, n int);"
        " INSERT INTO b SELECT n, n * 2 FROM generate_series(30, 80) n")
    running.add_job("a", ["id:integer", "s:keyword"])
    running.add_job("b", ["id:integer", "n:integer"], source="stock")
    running.wait_until_equal()
    connection.cursor().execute("UPDATE b SET n = 0 WHERE id < 40; DELETE FROM b WHERE id > 60")
    running.run("DELETE FROM a WHERE id > 45")
    connection.close()
    running.wait_until_equal()


def test_documents_without_rows_in_an_index_of_somebody_else_are_left_alone(running):
    running.opensearch.request("PUT", f"/{running.index()}/_doc/foreign?refresh=true",
                               {"s": "mine"})
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO t SELECT n, 'row' FROM generate_series(1, 20) n")
    running.add_job("t", ["id:integer", "s:text"])
    running.wait_live()
    found = running.found()
    assert found.pop("foreign") == {"s": "mine"}
    assert len(found) == 20
    running.api.post(f"/jobs/{next(iter(running.jobs))}/resync")
    running.wait_until_equal()  # asked for: now the foreign one is gone


def test_resync_ends_with_no_stale_and_no_extra_document(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO t SELECT n, 'row' FROM generate_series(1, 3000) n")
    job = running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    before = running.api.status(job)["load"]["finished_at"]
    running.opensearch.request("PUT", f"/{running.index()}/_doc/ghost", {"id": 0})
    running.opensearch.request("DELETE", f"/{running.index()}/_doc/17")
    assert running.api.post(f"/jobs/{job}/resync").status_code == 200
    running.run("DELETE FROM t WHERE id < 10")
    running.wait_until_equal()
    assert running.api.status(job)["load"]["finished_at"] > before


def test_pause_and_resume_lose_nothing(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO t SELECT n, 'row' FROM generate_series(1, 100) n")
    job = running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    assert running.api.post(f"/jobs/{job}/pause").status_code == 200
    running.run("UPDATE t SET s = 'while paused' WHERE id < 50")
    running.run("DELETE FROM t WHERE id > 90")
    assert running.api.status(job)["state"] == "paused"
    running.syncline.restart()
    assert running.api.status(job)["state"] == "paused"
    assert running.found()["1"]["s"] == "row"
    assert running.api.post(f"/jobs/{job}/resume").status_code == 200
    running.wait_until_equal()


def test_deleting_a_job_leaves_the_index_and_cleans_the_database(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    running.run("INSERT INTO t VALUES (1, 'a')")
    job = running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    assert running.api.delete(f"/jobs/{job}").status_code == 200
    wait_for(lambda: running.run("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
             == [(0,)], 30, "triggers are gone")
    wait_for(lambda: running.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'syncline'")
             == [(0,)], 30, "our schema is gone")
    assert set(running.found()) == {"1"}
    running.run("UPDATE t SET s = 'b'")


def test_a_missing_table_is_failed_and_says_so(running):
    body = running.job_body("nowhere", ["id:integer"])
    running.api.create("jobs", body)
    status = wait_for(
        lambda: next((status for status in [running.api.status(body["name"])]
                      if status["state"] == "failed"), None), 30, "state failed")
    assert "nowhere" in status["error"]["message"]

"""Databases whose text is no UTF-8: a row that no JSON can hold parks alone, and is never lost."""

import pytest
from common import wait_for
from stage import nested_in, property_of

BAD = "E'caf\\xe9'"
SETUP = """
CREATE EXTENSION hstore;
CREATE TABLE doc (id text PRIMARY KEY, v text, tags text[], j json, h hstore, brand text);
CREATE TABLE line (n int PRIMARY KEY, doc text, name text);
CREATE INDEX ON line (doc);
CREATE TABLE brand (code text PRIMARY KEY, label text);
CREATE INDEX ON doc (brand);
INSERT INTO brand VALUES ('good', 'Good'), ('bad', E'B\\xe4d');
INSERT INTO doc (id) VALUES ('plain'), ('value'), ('array'), ('json'), ('map'), ('element'),
  ('property'), ('quiet');
"""
# What makes a document one that no JSON can hold, and what mends it.
SPOILED = {
    "value": (f"UPDATE doc SET v = {BAD} WHERE id = 'value'",
              "UPDATE doc SET v = 'cafe' WHERE id = 'value'"),
    "array": (f"UPDATE doc SET tags = ARRAY['a', {BAD}] WHERE id = 'array'",
              "UPDATE doc SET tags = '{a}' WHERE id = 'array'"),
    "json": ("UPDATE doc SET j = E'{\"a\": \"\\xff\"}' WHERE id = 'json'",
             "UPDATE doc SET j = '{\"a\": 1}' WHERE id = 'json'"),
    "map": (f"UPDATE doc SET h = hstore({BAD}, '1') WHERE id = 'map'",
            "UPDATE doc SET h = 'a=>1' WHERE id = 'map'"),
    "element": (f"INSERT INTO line VALUES (1, 'element', {BAD})",
                "UPDATE line SET name = 'cafe' WHERE n = 1"),
    "property": ("UPDATE doc SET brand = 'bad' WHERE id = 'property'",
                 "UPDATE doc SET brand = 'good' WHERE id = 'property'"),
    "caf\\xE9": (f"INSERT INTO doc (id, v) VALUES ({BAD}, 'its id')",
                 f"DELETE FROM doc WHERE id = {BAD}"),
}


@pytest.fixture
def ascii(stage):
    stage.database = stage.new_database(encoding="SQL_ASCII")
    stage.run(SETUP)
    stage.start()
    return stage


def jobs_on(stage):
    stage.add_job("doc", ["id:keyword", "v:keyword", "tags:keyword", "j:object", "h:object",
                          "brand:keyword"], name="doc")
    stage.add_job("line", ["n:integer", "name:keyword", {
        "source_column": "doc", "alias": "doc", "type": "keyword"}], id="doc",
        **nested_in("lines", "n"))
    stage.add_job("brand", ["label:keyword"], **property_of("code", "brand"))


def parked(stage):
    return {item["id"]: item for item in stage.api.get("/jobs/doc/failures").json()["items"]}


def wait_parked(stage, ids):
    wait_for(lambda: set(parked(stage)) == set(ids), 30, f"{ids} are parked")
    stage.wait_live(parked={"doc": len(ids)})


def test_sql_ascii_rows_park_alone_by_load(ascii):
    for spoil, _ in SPOILED.values():
        ascii.run(spoil)
    jobs_on(ascii)
    wait_parked(ascii, SPOILED)
    assert set(ascii.found()) == {"plain", "quiet"}
    reasons = {id: item["reason"] for id, item in parked(ascii).items()}
    for id, field in {"value": "v", "array": "tags", "json": "j", "map": "h", "element": "lines",
                      "property": "label"}.items():
        assert f'field "{field}" holds bytes that are no UTF-8' in reasons[id], reasons
    assert "the id holds bytes" in reasons["caf\\xE9"]
    page = ascii.api.get("/jobs/doc/failures?limit=3").json()
    rest = ascii.api.get("/jobs/doc/failures", params={"after": page["next"]}).json()
    assert len(page["items"]) + len(rest["items"]) == len(SPOILED)
    answer = ascii.api.post("/jobs/doc/failures/retry", {"ids": ["caf\\xE9", "value"]})
    assert answer.json()["data"] == {"retried": 2}, answer.text
    wait_for(lambda: parked(ascii)["caf\\xE9"]["attempts"] == 2, 30, "it is tried again")
    ascii.run("UPDATE brand SET label = 'Bad' WHERE code = 'bad'")
    for _, mend in SPOILED.values():
        ascii.run(mend)
    wait_parked(ascii, [])
    ascii.assert_index_equals_tables()


def test_sql_ascii_rows_park_alone_by_change(ascii):
    jobs_on(ascii)
    ascii.wait_live()
    before = ascii.found()
    for spoil, _ in SPOILED.values():
        ascii.run(spoil)
    ascii.run("UPDATE doc SET v = 'changed' WHERE id = 'quiet'")
    wait_parked(ascii, SPOILED)
    found = ascii.found()
    assert found.pop("quiet")["v"] == "changed"
    # As they were: nothing disappears because it cannot be written.
    assert found == {id: document for id, document in before.items() if id != "quiet"}
    ascii.run("UPDATE brand SET label = 'Bad' WHERE code = 'bad'")
    wait_parked(ascii, set(SPOILED) - {"property"})
    for _, mend in SPOILED.values():
        ascii.run(mend)
    wait_parked(ascii, [])
    ascii.assert_index_equals_tables()


def test_a_value_that_the_server_cannot_give_parks_its_row_alone(stage):
    stage.database = stage.new_database(encoding="WIN1252")
    stage.run("CREATE TABLE doc (id int PRIMARY KEY, v text)")
    stage.run("INSERT INTO doc SELECT n, 'v' || n FROM generate_series(1, 500) n")
    stage.run("UPDATE doc SET v = E'\\x81' WHERE id = 250")  # a byte without a character
    stage.start()
    job = stage.add_job("doc", ["id:integer", "v:keyword"], name="doc")
    wait_parked(stage, ["250"])
    assert "0x81" in parked(stage)["250"]["reason"]
    assert set(stage.found()) == {str(n) for n in range(1, 501)} - {"250"}
    stage.run("UPDATE doc SET v = E'\\x81' WHERE id = 7; UPDATE doc SET v = 'x' WHERE id = 8")
    wait_parked(stage, ["250", "7"])
    found = stage.found()
    assert found["7"]["v"] == "v7" and found["8"]["v"] == "x"
    stage.run("UPDATE doc SET v = 'mended' WHERE id IN (7, 250)")
    wait_parked(stage, [])
    assert {stage.found()[id]["v"] for id in ("7", "250")} == {"mended"}
    assert stage.api.status(job)["error"] is None

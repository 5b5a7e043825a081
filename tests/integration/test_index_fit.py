"""An index that is there already, or that a template of the user's shapes: what fits, what reaches
it, and what is said of the rest.
"""

import pytest
from common import wait_for
from test_index_kept import add_job, fill, mapping, metadata


def properties(stage):
    return mapping(stage, stage.index())["properties"]


# -- types of an index found -------------------------------------------------------------------


def test_wider_types_fit(running):
    stage = running
    there = {"i": {"type": "long"}, "s": {"type": "integer"}, "f": {"type": "double"},
             "t": {"type": "text", "analyzer": "english"},
             "u": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 10}}},
             "o": {"properties": {"x": {"type": "double"}}}}
    stage.opensearch.request("PUT", f"/{stage.index()}", {"mappings": {"properties": there}})
    stage.run("CREATE TABLE w"
              " (id int PRIMARY KEY, i int, s smallint, f real, t text, u text, x real);"
              "INSERT INTO w SELECT n, 2147483647, -32768, 1.5, 'running ' || n, 'u', 0.25"
              " FROM generate_series(1, 20) n")
    stage.add_job("w", ["id:integer", "i:integer", "s:short", "f:float", "t:text", "u:text",
                        ("x", "o.x", "float")])
    stage.wait_until_equal()
    found = properties(stage)
    assert {name: found[name] for name in there} == there
    assert found["id"]["type"] == "integer"


@pytest.mark.parametrize("asked, there", [("long", "integer"), ("double", "float"),
                                          ("integer", "double"), ("text", "keyword"),
                                          ("keyword", "text"), ("date", "date_nanos")])
def test_other_types_do_not(running, asked, there):
    stage = running
    stage.opensearch.request("PUT", f"/{stage.index()}", {
        "mappings": {"properties": {"n": {"type": there}}}})
    fill(stage, 3)
    job = stage.add_job("t", ["id:integer", ("id", "n", asked)])
    stage.wait_state(job, "failed", '"n"', asked, there)


# -- settings ----------------------------------------------------------------------------------


def settings(stage):
    return metadata(stage, stage.index())["settings"]["index"]


def replace(stage, job, **target):
    body = stage.jobs[job]
    body["target"].update(target)
    answer = stage.api.put(f"/jobs/{job}", body)
    assert answer.status_code == 200, answer.text


ANALYSIS = {"analysis": {"analyzer": {"mine": {
    "type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}}}}


def test_dynamic_settings_of_a_put_reach_the_index(running):
    """And static ones are named, while those of the others are there."""
    stage = running
    fill(stage)
    job = add_job(stage, settings={"refresh_interval": "7s", "number_of_replicas": 0, **ANALYSIS})
    stage.wait_until_equal()
    uuid = settings(stage)["uuid"]
    replace(stage, job, settings={
        "index": {"refresh_interval": "11s", "mapping": {"total_fields": {"limit": 3000}}},
        "number_of_replicas": 0, **ANALYSIS})
    wait_for(lambda: settings(stage)["refresh_interval"] == "11s", 30, "it is changed")
    assert settings(stage)["mapping"]["total_fields"]["limit"] == "3000"
    stage.wait_until_equal()
    # What somebody sets by hand stays until the job says something else of its own.
    stage.opensearch.request("PUT", f"/{stage.index()}/_settings", {"index.refresh_interval": "3s"})
    stage.syncline.restart()
    stage.wait_until_equal()
    assert settings(stage)["refresh_interval"] == "3s"
    replace(stage, job, settings={"number_of_shards": 3, "max_result_window": 20000, **ANALYSIS})
    status = stage.wait_state(job, "failed", "number_of_shards", "rebuild")
    assert "max_result_window" not in status["error"]["message"]
    assert status["error"]["kind"] == "index"
    assert settings(stage)["max_result_window"] == "20000"
    replace(stage, job, settings={"max_result_window": 20000, **ANALYSIS})
    stage.wait_state(job, "live")
    stage.wait_until_equal()
    assert settings(stage)["uuid"] == uuid
    replace(stage, job, settings={"number_of_shards": 3})
    stage.wait_state(job, "failed", "number_of_shards")
    stage.opensearch.request("DELETE", f"/{stage.index()}")
    stage.wait_state(job, "live")
    stage.wait_until_equal()
    assert settings(stage)["number_of_shards"] == "3"


def test_settings_while_a_load_has_put_them_aside(running):
    """The change wins over what the load would put back."""
    stage = running
    fill(stage, 30)
    job = add_job(stage, settings={"refresh_interval": "7s"})
    stage.wait_until_equal()
    stage.syncline.stop()
    stage.opensearch.request("PUT", f"/{stage.index()}/_mapping", {"_meta": {"syncline": {
        **mapping(stage, stage.index())["_meta"]["syncline"],
        "loading": {"index.refresh_interval": "7s", "index.number_of_replicas": "1"}}}})
    stage.syncline.start()
    replace(stage, job, settings={"refresh_interval": "11s"})
    wait_for(lambda: settings(stage)["refresh_interval"] == "11s", 30, "it is changed")
    stage.wait_until_equal()
    assert settings(stage)["refresh_interval"] == "11s"
    assert "loading" not in mapping(stage, stage.index())["_meta"]["syncline"]


# -- templates ---------------------------------------------------------------------------------

TEMPLATE = {"t": {"type": "text", "analyzer": "english", "copy_to": ["all"]},
            "u": {"type": "text"}, "n": {"type": "long", "store": True}, "k": {"type": "ip"},
            "all": {"type": "text"}, "extra": {"type": "keyword"}}


@pytest.mark.parametrize("kind", ["_index_template", "_template"])
def test_what_a_template_gives_stays(running, kind):
    """Where the job gives no params, and the type takes the asked one."""
    stage = running
    template = {"mappings": {"properties": {
        **TEMPLATE, "es": {"type": "nested", "include_in_root": True, "properties": {
            "s": {"type": "text", "analyzer": "whitespace"}}}}}}
    body = {"index_patterns": [stage.index()], **(
        {"template": template} if kind == "_index_template" else template)}
    stage.opensearch.request("PUT", f"/{kind}/{stage.unique}", body)
    try:
        stage.run("CREATE TABLE w (id int PRIMARY KEY, t text, u text, n int, k text, es jsonb);"
                  "INSERT INTO w SELECT n, 'running', 'u', n, 'k', '[]'"
                  " FROM generate_series(1, 20) n")
        stage.add_job("w", [
            "id:integer", "t:text", {"source_column": "u", "alias": "u", "type": "text",
                                     "params": {"analyzer": "simple"}},
            "n:integer", "k:keyword", "es:nested"])
        stage.wait_until_equal()
        found = properties(stage)
        assert found["t"] == TEMPLATE["t"]
        assert found["n"] == TEMPLATE["n"]
        assert found["u"]["analyzer"] == "simple"  # the job's own params
        assert found["es"]["include_in_root"] is True
        assert found["es"]["properties"]["s"]["analyzer"] == "whitespace"
        assert found["k"] == {"type": "keyword"}  # the job has the word where types differ
        assert found["extra"] == TEMPLATE["extra"] and found["id"] == {"type": "integer"}
        with stage.opensearch.session() as session:
            answer = session.post(f"{stage.opensearch.url}/{stage.index()}/_search", json={
                "query": {"match": {"all": "run"}}}).json()
        assert answer["hits"]["total"]["value"] == 0  # "all" is of the standard analyzer
    finally:
        stage.opensearch.request("DELETE", f"/{kind}/{stage.unique}")

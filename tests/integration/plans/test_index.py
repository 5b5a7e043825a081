"""Whose an index is, and that no write of ours ever makes one: a cluster makes a missing index at a
write, with types that it guesses. (Seen red where it is written by its name, and looked at rarely.)
Then an index that is there already, or that a template of the user's shapes: what fits, what
reaches it, and what is said of the rest.
"""

import pytest
from common import wait_for
from owner import Owner
from roles import api_key
from stage import property_of, nested_in
from watched import Writer

ALIAS = "--Syncline"


def fill(stage, rows=200):
    stage.run("CREATE TABLE t (id int PRIMARY KEY, v text, n int);"
              f"INSERT INTO t SELECT n, 'v' || n, n FROM generate_series(1, {rows}) n")


def add_job(stage, **options):
    return stage.add_job("t", ["id:integer", ("v", "v", "keyword"), "n:double"], **options)


def mapping(stage, index):
    return stage.opensearch.request("GET", f"/{index}/_mapping")[index]["mappings"]


def metadata(stage, index):
    return stage.opensearch.request("GET", f"/{index}")[index]


def exists(stage, index):
    with stage.opensearch.session() as session:
        return session.head(f"{stage.opensearch.url}/{index}").status_code == 200


def never_failed(stage, job):
    status = stage.api.status(job)
    if status["state"] == "failed":
        pytest.fail(f"failed: {status['error']}")
    return status


CHANGES = {
    "updates": ["UPDATE t SET n = n + 1 WHERE id = 3"],
    "deletes": ["INSERT INTO t VALUES (999, 'x', 1)", "DELETE FROM t WHERE id = 999"],
    "many at once": ["UPDATE t SET n = n + 1"],
}


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES.keys())
def test_an_index_deleted_just_before_a_change_comes_back_whole(running, statements):
    """So soon after the last look at the index that none lies between. A bulk that has only
    deletes makes an index, too: by their versions."""
    stage = running
    fill(stage)
    job = add_job(stage, settings={"number_of_replicas": 0, "max_result_window": 12345})
    stage.wait_until_equal()
    index = stage.index()
    before = mapping(stage, index)
    for _ in range(3):
        uuid = metadata(stage, index)["settings"]["index"]["uuid"]
        for statement in statements[:-1] or statements:
            stage.run(statement)
        wait_for(lambda: stage.api.status(job)["lag"]["changes"] == 0, 30, "followed",
                 interval_s=0.01)
        stage.opensearch.request("DELETE", f"/{index}")
        stage.run(statements[-1])

        def made_again():
            return (never_failed(stage, job)["state"] == "live"
                    and metadata(stage, index)["settings"]["index"]["uuid"] != uuid)
        wait_for(made_again, 30, "the index is there again")
        assert mapping(stage, index) == before
        stage.wait_until_equal()
    settings = metadata(stage, index)["settings"]["index"]
    assert settings["max_result_window"] == "12345"
    # Whoever lists aliases by a pattern is not shown ours.
    assert metadata(stage, index)["aliases"][index + ALIAS]["is_hidden"] is True


def test_a_foreign_index_that_is_deleted_is_not_made(running):
    stage = running
    owner = Owner(stage)
    owner.create(k={"type": "keyword"})
    owner.write({str(n): {"k": f"k{n % 5}"} for n in range(50)})
    stage.run("CREATE TABLE p (k text PRIMARY KEY, v int);"
              "INSERT INTO p SELECT 'k' || n, 0 FROM generate_series(0, 4) n;"
              "CREATE TABLE e (pk int PRIMARY KEY, doc text, s text);"
              "INSERT INTO e SELECT n, n::text, 's' FROM generate_series(0, 49) n")
    stage.add_job("p", ["v:integer"], foreign_sweep_seconds=1, **property_of("k", "k"))
    stage.add_job("e", ["pk:integer", "doc:keyword", "s:keyword"], id="doc",
                  foreign_sweep_seconds=1, **nested_in("es", "pk"))
    owner.wait_equal()
    with Writer(stage, "UPDATE p SET v = v + 1", "UPDATE e SET s = s || '1' WHERE pk % 7 = 0"):
        owner.session.delete(owner.url)
        for name in stage.jobs:
            wait_for(lambda: never_failed(stage, name)["state"] == "live", 30, "live without it")
        assert not owner.exists()
        owner.create(k={"type": "keyword"})
        owner.write({str(n): {"k": f"k{n % 5}"} for n in range(50)})
    owner.wait_equal()


def test_an_alias_taken_from_us_is_put_back(running):
    stage = running
    fill(stage, 20)
    job = add_job(stage)
    stage.wait_until_equal()
    index = stage.index()
    stage.opensearch.request("DELETE", f"/{index}/_alias/{index}{ALIAS}")
    stage.run("UPDATE t SET n = 77")
    wait_for(lambda: never_failed(stage, job)["lag"]["changes"] == 0, 30, "followed")
    stage.wait_until_equal()
    assert index + ALIAS in metadata(stage, index)["aliases"]


def test_an_alias_of_the_users_that_moves(running):
    """Writes go to the index behind it, and to the other one as soon as that is it."""
    stage = running
    fill(stage, 20)
    first, second = stage.index("first"), stage.index("second")
    for index in (first, second):
        stage.opensearch.request("PUT", f"/{index}")
    stage.opensearch.request("POST", "/_aliases", {"actions": [
        {"add": {"index": first, "alias": stage.index()}}]})
    add_job(stage)
    stage.wait_until_equal()
    stage.opensearch.request("POST", "/_aliases", {"actions": [
        {"remove": {"index": first, "alias": stage.index()}},
        {"add": {"index": second, "alias": stage.index()}}]})
    stage.run("UPDATE t SET n = 78 WHERE id < 5")
    wait_for(lambda: len(stage.found(second)) == 20, 30, "the other one is loaded")
    stage.wait_until_equal()
    stage.opensearch.request("DELETE", f"/{second}")
    stage.run("UPDATE t SET n = 79 WHERE id < 5")
    # No alias any more: it is an index that is made.
    stage.wait_until_equal()
    assert mapping(stage, stage.index())["properties"]["v"]["type"] == "keyword"


def test_a_role_for_the_one_name_alone_is_enough(elastic_stage):
    """It may not add an alias: the index is looked at before each bulk that follows a pause."""
    stage = elastic_stage
    index = stage.index()
    key = api_key(stage.opensearch, index)
    stage.syncline.start()
    stage.api.create("sources", stage.source_body())
    target = stage.target_body()
    target["api"] = {**{name: value for name, value in target["api"].items()
                        if name not in ("username", "password")}, "api_key": key}
    stage.api.create("targets", target)
    fill(stage, 20)
    add_job(stage)
    stage.wait_until_equal()
    before = mapping(stage, index)
    assert metadata(stage, index)["aliases"] == {}
    stage.opensearch.request("DELETE", f"/{index}")
    stage.run("UPDATE t SET n = 5 WHERE id = 3")
    stage.wait_until_equal()
    assert mapping(stage, index) == before
    stage.run("UPDATE t SET n = 6")
    stage.wait_until_equal()


# -- one keeper --------------------------------------------------------------------------------


def keeper(stage, index):
    return mapping(stage, index)["_meta"]["syncline"].get("owner")


def test_the_second_plan_on_an_index_is_told_of_the_first(running):
    """By an alias, and by another target of the same cluster."""
    stage = running
    fill(stage, 20)
    add_job(stage, name="first")
    stage.wait_until_equal()
    index, alias = stage.index(), stage.index("alias")
    stage.opensearch.request("POST", "/_aliases", {"actions": [
        {"add": {"index": index, "alias": alias}}]})
    stage.api.create("targets", stage.target_body("again"))
    stage.run("CREATE TABLE u (id int PRIMARY KEY, v text);"
              "INSERT INTO u VALUES (99, 'u')")
    seconds = [stage.job_body("u", ["id:integer"], name="second", index=alias),
               stage.job_body("u", ["id:integer"], name="third")]
    seconds[1]["target"]["name"] = "again"
    for body in seconds:
        stage.api.create("jobs", body)
        status = stage.wait_state(body["name"], "failed", f"search/{index}")
        assert status["error"]["kind"] == "index"
    stage.run("UPDATE t SET n = 5")
    stage.wait_until_equal()  # of the first alone: nobody overwrote it
    # Once the first is gone, one of the others has it.
    stage.delete_job("first")
    stage.api.delete("/jobs/second")
    stage.jobs["third"] = seconds[1]
    assert stage.api.put("/jobs/third", seconds[1]).status_code == 200  # tried again at once
    stage.wait_state("third", "live")
    assert keeper(stage, index)["plan"] == f"again/{index}"


def second_syncline(stage, body):
    """Another installation, with a database of its own, and its job on the same index."""
    other = stage.new_syncline()
    database = stage.new_database()
    connection = stage.connect(database)
    connection.cursor().execute("CREATE TABLE t (id int PRIMARY KEY, v text, n int);"
                                "INSERT INTO t VALUES (1, 'other', 1), (900, 'other', 2)")
    connection.close()
    other.start()
    other.api.create("sources", {"name": "shop", "config": {
        **stage.postgres.source_config(database)}})
    other.api.create("targets", stage.target_body())
    other.api.create("jobs", body)
    return other


def failed_with(api, job, *words):
    def told():
        status = api.status(job)
        message = (status["error"] or {}).get("message", "")
        return status["state"] == "failed" and all(word in message for word in words)
    return wait_for(told, 30, f"job {job} failed with {words}")


def test_a_second_syncline_is_refused_and_may_take_over(running):
    stage = running
    fill(stage, 20)
    body = stage.job_body("t", ["id:integer", ("v", "v", "keyword"), "n:double"], name="mine")
    stage.create_job(body)
    stage.wait_until_equal()
    index = stage.index()
    first = keeper(stage, index)
    other = second_syncline(stage, {**body, "name": "theirs"})
    failed_with(other.api, "theirs", first["instance"], first["plan"], "take_over", "theirs")
    assert stage.assert_index_equals_tables()
    answer = other.api.post("/jobs/theirs/resync", {"take_over": True})
    assert answer.status_code == 200, answer.text
    wait_for(lambda: other.api.status("theirs")["state"] == "live", 30, "it has the index")
    failed_with(stage.api, "mine", keeper(stage, index)["instance"])
    wait_for(lambda: stage.found(index).keys() == {"1", "900"}, 30, "it is the other's as a whole")
    # A take-over is for once: who lost the index by another one's does not take it back by itself.
    answer = stage.api.post("/jobs/mine/resync", {"take_over": True})
    stage.wait_until_equal()
    failed_with(other.api, "theirs", first["instance"])
    other.stop()
    other.start()
    failed_with(other.api, "theirs", first["instance"])
    # A job that is deleted leaves the index to whoever comes.
    stage.delete_job("mine")
    wait_for(lambda: keeper(stage, index) is None, 30, "nobody's")
    assert other.api.put("/jobs/theirs", {**body, "name": "theirs"}).status_code == 200
    wait_for(lambda: other.api.status("theirs")["state"] == "live", 30, "it has the index")
    other.stop()


def test_a_mark_of_an_older_version_is_none_of_a_keeper(running):
    stage = running
    fill(stage, 20)
    index = stage.index()
    stage.opensearch.request("PUT", f"/{index}", {"mappings": {
        "_meta": {"syncline": {"created": True}, "theirs": {"kept": 1}}}})
    add_job(stage)
    stage.wait_until_equal()
    meta = mapping(stage, index)["_meta"]
    assert meta["theirs"] == {"kept": 1} and meta["syncline"]["created"] is True
    assert keeper(stage, index)["plan"] == f"search/{index}"


def test_a_foreign_plan_beside_a_keeper(running):
    """Fields put into documents that another plan makes whole would not stay."""
    stage = running
    fill(stage, 20)
    add_job(stage, name="first")
    stage.wait_until_equal()
    index = stage.index()
    stage.api.create("targets", stage.target_body("again"))
    stage.run("CREATE TABLE p (k text PRIMARY KEY, w int); INSERT INTO p VALUES ('v1', 1)")
    body = stage.job_body("p", ["w:integer"], name="second", **property_of("k", "v"))
    body["target"]["name"] = "again"
    stage.api.create("jobs", body)
    stage.wait_state("second", "failed", f"search/{index}")
    stage.assert_index_equals_tables()


# -- what cannot hold documents that change ------------------------------------------------------


def test_a_data_stream_is_refused(running):
    stage = running
    index = stage.index("stream")
    stage.opensearch.request("PUT", f"/_index_template/{index}", {
        "index_patterns": [index], "data_stream": {}, "priority": 500})
    try:
        stage.opensearch.request("PUT", f"/_data_stream/{index}")
        fill(stage, 20)
        job = add_job(stage, index=index)
        stage.wait_state(job, "failed", "data stream", "ordinary index")
        assert stage.api.status(job)["parked"] == 0
        # The template alone is enough: no index of this name can be made.
        stage.opensearch.request("DELETE", f"/_data_stream/{index}")
        stage.api.put(f"/jobs/{job}", stage.jobs[job])
        stage.wait_state(job, "failed", "data stream")
    finally:
        stage.delete_job(job)
        for path in (f"/_data_stream/{index}", f"/_index_template/{index}"):
            with stage.opensearch.session() as session:
                session.delete(stage.opensearch.url + path)


def test_required_routing_is_refused(running):
    stage = running
    stage.opensearch.request("PUT", f"/{stage.index()}", {
        "mappings": {"_routing": {"required": True}}})
    fill(stage, 20)
    job = add_job(stage)
    stage.wait_state(job, "failed", "routing", "_routing")
    assert stage.api.status(job)["parked"] == 0
    stage.opensearch.request("DELETE", f"/{stage.index()}")
    stage.wait_state(job, "live", timeout_s=90)
    stage.wait_until_equal()


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

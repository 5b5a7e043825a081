"""REST: statuses, codes, bodies. Needs neither database nor cluster."""

import json

import pytest
from bodies import (JOB, KINDS, SOURCE, TARGET, assert_error, assert_invalid,
                    changed)
from common import wait_for

# -- the life of a resource --------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_create_get_list_replace_delete(api, prefix):
    for kind, body in KINDS.items():
        name = body["name"]
        created = api.post(f"{prefix}/{kind}", body)
        assert created.status_code == 201, created.text
        assert created.headers["Content-Type"].startswith("application/json")
        assert created.json()["result"] is True and created.json()["data"]["name"] == name
        one = api.get(f"{prefix}/{kind}/{name}")
        assert one.status_code == 200 and one.json() == created.json()["data"]
        assert api.get(f"{prefix}/{kind}").json() == [one.json()]
        replaced = api.put(f"{prefix}/{kind}/{name}", {
            key: value for key, value in body.items() if key != "name"})
        assert replaced.status_code == 200, replaced.text
        assert replaced.json() == created.json()
    for kind, body in reversed(KINDS.items()):
        gone = api.delete(f"{prefix}/{kind}/{body['name']}")
        assert gone.status_code == 200, gone.text
        assert gone.json()["result"] is True
        assert_error(api.get(f"{prefix}/{kind}/{body['name']}"), 404, "not_found")
        assert api.get(f"{prefix}/{kind}").json() == []


def test_a_job_is_answered_as_it_was_given(configured):
    job = configured.get("/jobs/orders").json()
    assert job["source"] == JOB["source"]
    for key, value in JOB["target"].items():
        assert job["target"][key] == value


def test_a_job_whose_servers_are_down_waits_and_says_why(configured):
    def waiting():
        status = configured.status("orders")
        return status if status["state"] == "waiting" else None
    status = wait_for(waiting, 30, "state waiting")
    assert status["name"] == "orders"
    assert status["error"]["kind"] and status["error"]["message"] and status["error"]["since"]
    assert "pw-of-the-source" not in str(status)
    assert set(status) >= {"name", "state", "load", "lag", "documents", "parked", "error",
                           "warnings"}
    assert set(status["load"]) == {"rows_done", "rows_estimate", "started_at", "finished_at"}
    assert set(status["lag"]) == {"changes", "seconds"}
    assert set(status["documents"]) == {"indexed", "deleted", "conflicts", "strangers"}


def test_pause_and_resume_may_be_repeated(configured):
    for _ in range(2):
        paused = configured.post("/jobs/orders/pause")
        assert paused.status_code == 200 and paused.json()["data"]["state"] == "paused"
    for _ in range(2):
        resumed = configured.post("/jobs/orders/resume")
        assert resumed.status_code == 200 and resumed.json()["data"]["state"] != "paused"
    resync = configured.post("/jobs/orders/resync")
    assert resync.status_code == 200 and resync.json()["data"]["name"] == "orders"


def test_a_name_is_taken_once(configured):
    for kind, body in KINDS.items():
        assert_error(configured.post(f"/{kind}", body), 409, "exists")


def test_what_a_job_uses_is_not_deleted(configured):
    for kind, name in (("sources", "shop"), ("targets", "search")):
        body = assert_error(configured.delete(f"/{kind}/{name}"), 409, "in_use")
        assert "orders" in body["data"]
    assert configured.delete("/jobs/orders").status_code == 200
    assert configured.delete("/sources/shop").status_code == 200
    assert configured.delete("/targets/search").status_code == 200


def test_what_does_not_exist_is_404(api):
    for kind, body in KINDS.items():
        assert_error(api.get(f"/{kind}/nobody"), 404, "not_found")
        assert_error(api.delete(f"/{kind}/nobody"), 404, "not_found")
        assert_error(api.put(f"/{kind}/nobody", {**body, "name": "nobody"}), 404, "not_found")
    for verb in ("pause", "resume", "resync"):
        assert_error(api.post(f"/jobs/nobody/{verb}"), 404, "not_found")
    assert_error(api.get("/jobs/nobody/status"), 404, "not_found")
    for path in ("/nothing", "/v1/nothing", "/v2/jobs", "/jobs/a/b/c", "/jobs/orders/nothing"):
        assert_error(api.get(path), 404, "not_found")


def test_all_survives_kill_9(syncline, configured):
    before = {kind: configured.get(f"/{kind}").json() for kind in KINDS}
    configured.post("/jobs/orders/pause")
    syncline.restart(kill=True)
    assert {kind: configured.get(f"/{kind}").json() for kind in KINDS} == before
    assert configured.status("orders")["state"] == "paused"
    configured.delete("/jobs/orders")
    syncline.restart(kill=True)
    assert configured.get("/jobs").json() == []


# -- the protocol ------------------------------------------------------------------------------


def test_methods_that_a_path_has_not(api):
    for method, path in (("DELETE", "/jobs"), ("PUT", "/sources"), ("POST", "/jobs/orders"),
                         ("PATCH", "/jobs/orders"), ("POST", "/health/live"),
                         ("GET", "/jobs/orders/pause"), ("PUT", "/jobs/orders/status")):
        assert_error(api.request(method, path), 405, "method_not_allowed")


def test_a_body_over_a_mebibyte_is_too_large(api):
    assert_error(api.post("/jobs", {"name": "x" * (1 << 20)}), 413, "too_large")
    almost = {**SOURCE, "config": {**SOURCE["config"], "password": "x" * 1_000_000}}
    assert api.post("/sources", almost).status_code in (201, 400)


def test_a_body_of_another_type_is_refused(api):
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = api.post("/sources", data="{}", headers={"Content-Type": kind})
        assert_error(answer, 415, "unsupported_media_type")
    answer = api.post("/sources", data=b'{"name": 1}',
                      headers={"Content-Type": "application/json; charset=utf-8"})
    assert_error(answer, 400, "invalid")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"name": "a",}', "\xff\xfe"])
def test_what_is_not_a_json_object_is_invalid(api, text):
    for kind in KINDS:
        answer = api.post(f"/{kind}", data=text.encode("latin-1"),
                          headers={"Content-Type": "application/json"})
        assert_error(answer, 400, "invalid")


def test_deep_nesting_does_no_harm(api):
    text = '{"name": ' + "[" * 100_000 + "]" * 100_000 + "}"
    answer = api.post("/jobs", data=text, headers={"Content-Type": "application/json"})
    assert_error(answer, 400, "invalid")
    assert api.get("/health/live").status_code == 200


# -- faults of bodies --------------------------------------------------------------------------


def test_every_fault_is_listed_at_once(api):
    body = {"name": "x", "surplus": 1, "config": {
        "port": "5432", "database": "d", "user": 5, "password": "p", "sslmodus": "require"}}
    assert_invalid(api.post("/sources", body), "name", "surplus", "config.host", "config.port",
                   "config.user", "config.sslmodus")


@pytest.mark.parametrize("name, valid", [
    ("ab", True), ("a" * 50, True), ("A-b_9", True), ("a", False), ("a" * 51, False),
    ("a b", False), ("a/b", False), ("ä" * 3, False), ("..", False), ("", False)])
def test_names(api, name, valid):
    answer = api.post("/sources", {**SOURCE, "name": name})
    if valid:
        assert answer.status_code == 201, answer.text
    else:
        assert_invalid(answer, "name")


@pytest.mark.parametrize("path, value", [
    ("config__host", None), ("config__port", 0), ("config__port", 65536), ("config__port", 1.5),
    ("config__max_connections", 0), ("config__capture_log_bytes_max", -1),
    ("config__capture_schema", 5), ("config__password", ["p"]), ("config", None)])
def test_faults_of_a_source(api, path, value):
    body = changed(SOURCE, **{path: value})
    assert_invalid(api.post("/sources", body), path.replace("__", "."))


@pytest.mark.parametrize("path, value", [
    ("api__url", None), ("api__url", "ftp://host"), ("api__url", "localhost"),
    ("api__url", "http://user:secret@host"), ("api__port", "9200"), ("api__verify", "yes"),
    ("api__surplus", 1), ("api", None)])
def test_faults_of_a_target(api, path, value):
    answer = api.post("/targets", changed(TARGET, **{path: value}))
    assert_invalid(answer, path.replace("__", "."))
    assert "user:secret" not in answer.text


@pytest.mark.parametrize("path, value, place", [
    ("source__name", "nobody", "source.name"),
    ("target__name", "nobody", "target.name"),
    ("source__table_name", None, "source.table_name"),
    ("source__columns", ["id"], None),  # a mapped column is not in columns
    ("target__index", "Orders", "target.index"),
    ("target__index", "_orders", "target.index"),
    ("target__index", "a b", "target.index"),
    ("target__type", "table", "target.type"),
    ("target__id", None, "target.id"),
    ("target__id", "id", "target.id"),  # not among the aliases
    ("target__id", ["order_id", "nope"], None),
    ("target__id", [], "target.id"),
    ("target__settings", 5, "target.settings"),
    ("target__surplus", 1, "target.surplus"),
])
def test_faults_of_a_job(api, path, value, place):
    api.create("sources", SOURCE)
    api.create("targets", TARGET)
    answer = api.post("/jobs", changed(JOB, **{path: value}))
    body = assert_error(answer, 400, "invalid")
    details = body["error"]["details"]
    assert len(details) == 1, details
    if place:
        assert details[0]["path"] == place, details
    assert api.get("/jobs").json() == []


def test_faults_of_mappings(api):
    api.create("sources", SOURCE)
    api.create("targets", TARGET)
    job = changed(JOB, target__mappings=[
        {"source_column": "id", "alias": "order_id", "type": "integer"},
        {"source_column": "status", "alias": "order_id", "type": "text"},
        {"source_column": "status", "alias": "s"},
        {"source_column": "status", "alias": "t", "type": "text", "params": []}])
    body = assert_error(api.post("/jobs", job), 400, "invalid")
    places = {entry["path"] for entry in body["error"]["details"]}
    assert any(place.startswith("target.mappings[1]") for place in places), places
    assert any(place.startswith("target.mappings[2]") for place in places), places
    assert any(place.startswith("target.mappings[3]") for place in places), places


def test_mappings_may_be_empty_when_columns_are_given(api):
    api.create("sources", SOURCE)
    api.create("targets", TARGET)
    api.create("jobs", changed(JOB, target__mappings=[], target__id="id"))
    answer = api.post("/jobs", changed(JOB, name="other", target__mappings=[], target__id="id",
                                       target__index="other", source__columns=[]))
    assert_error(answer, 400, "invalid")


def test_jobs_on_one_index_give_ids_of_one_length(configured):
    second = changed(JOB, name="second", target__id=["order_id", "status"])
    assert_error(configured.post("/jobs", second), 400, "invalid")
    assert configured.post("/jobs", changed(JOB, name="second")).status_code == 201


def test_a_put_with_another_name_is_invalid(configured):
    for kind, body in KINDS.items():
        answer = configured.put(f"/{kind}/{body['name']}", {**body, "name": "another"})
        assert_invalid(answer, "name")


def job_of_kind(name, kind, place):
    """On the index of JOB; `place` is what target.property, .object or .nested holds."""
    job = changed(JOB, name=name, target__type=kind)
    job["target"][kind] = place
    if kind == "property":
        del job["target"]["id"]
    return job


def property_job(name, compare_target, alias):
    job = job_of_kind(name, "property", {
        "compare": {"source": "id", "target": compare_target}})
    job["target"]["mappings"][1]["alias"] = alias
    return job


def test_the_kinds_of_jobs(configured):
    for job in (job_of_kind("customers", "object", {"name": "customer"}),
                job_of_kind("items", "nested", {"name": "items", "id": "order_id"}),
                property_job("labels", "customer.status", "label")):
        answer = configured.post("/jobs", job)
        assert answer.status_code == 201, answer.text
        assert configured.get(f"/jobs/{job['name']}").json() == job


def test_faults_of_kinds(configured):
    assert_invalid(configured.post("/jobs", job_of_kind("other", "object", {})),
                   "target.object.name")
    assert_invalid(configured.post("/jobs", job_of_kind("other", "nested", {"id": "nope"})),
                   "target.nested.name", "target.nested.id")
    job = job_of_kind("other", "property", {"compare": {"source": "nope"}})
    assert_invalid(configured.post("/jobs", changed(job, target__index="elsewhere")),
                   "target.property.compare.source", "target.property.compare.target")
    surplus = job_of_kind("other", "object", {"name": "customer"})
    surplus["target"]["nested"] = {"name": "items", "id": "order_id"}
    assert_invalid(configured.post("/jobs", surplus), "target.nested")


def test_two_jobs_do_not_write_one_field(configured):
    assert_invalid(configured.post("/jobs", property_job("other", "order_id", "status")),
                   "target.mappings[1].alias")
    job = job_of_kind("other", "object", {"name": "status.of"})
    assert_invalid(configured.post("/jobs", job), "target.object.name")
    configured.create("jobs", changed(property_job("other", "any", "status"),
                                      target__index="elsewhere"))


def test_a_compare_target_is_provided_unless_the_index_is_foreign(configured):
    job = property_job("labels", "nobody_gives_it", "label")
    assert_invalid(configured.post("/jobs", job), "target.property.compare.target")
    configured.create("jobs", changed(job, target__index="foreign"))


def test_properties_do_not_compare_in_a_circle(configured):
    configured.create("jobs", property_job("first", "order_id", "one"))
    configured.create("jobs", property_job("second", "one", "two"))
    details = assert_invalid(configured.put("/jobs/first", property_job("first", "two", "one")),
                             "target.property.compare.target")
    assert '"first" → "second" → "first"' in details[0]["message"]
    assert_invalid(configured.post("/jobs", property_job("own", "three", "three")),
                   "target.property.compare.target")


# -- secrets -----------------------------------------------------------------------------------

STARS = "********"


def test_secrets_are_never_shown(syncline, api):
    api.create("sources", SOURCE)
    api.create("targets", changed(TARGET, api__username="elastic", api__password="pw-of-target"))
    api.create("targets", changed(TARGET, name="keyed", api__api_key="key-of-target"))
    assert api.get("/sources/shop").json()["config"]["password"] == STARS
    assert api.get("/targets/search").json()["api"]["password"] == STARS
    assert api.get("/targets/search").json()["api"]["username"] == "elastic"
    assert api.get("/targets/keyed").json()["api"]["api_key"] == STARS
    seen = "".join(api.get(path).text for path in ("/sources", "/targets", "/metrics"))
    seen += syncline.log_path.read_text(errors="replace")
    for secret in ("pw-of-the-source", "pw-of-target", "key-of-target"):
        assert secret not in seen


def test_stars_keep_the_stored_secret(syncline, api):
    api.create("sources", SOURCE)
    kept = changed(SOURCE, config__password=STARS, config__user="another")
    assert api.put("/sources/shop", kept).status_code == 200
    assert api.get("/sources/shop").json()["config"]["user"] == "another"
    stored = b"".join(path.read_bytes() for path in syncline.data_dir.rglob("*")
                      if path.is_file())
    assert b"pw-of-the-source" in stored and b'"' + STARS.encode() + b'"' not in stored


@pytest.mark.parametrize("path, value", [
    ("config__host", "127.0.0.2"), ("config__port", 3)])
def test_stars_with_another_address_are_refused(api, path, value):
    """Else whoever may write here could have the stored password sent to a machine of theirs."""
    api.create("sources", SOURCE)
    answer = api.put("/sources/shop", changed(SOURCE, config__password=STARS, **{path: value}))
    assert_error(answer, 400, "invalid")
    assert api.get("/sources/shop").json()["config"]["port"] == 1


@pytest.mark.parametrize("path, value", [
    ("api__url", "http://127.0.0.2"), ("api__port", 3)])
@pytest.mark.parametrize("secret", ["password", "api_key"])
def test_stars_with_another_cluster_are_refused(api, path, value, secret):
    extra = {"api__api_key": "k"} if secret == "api_key" else {
        "api__username": "u", "api__password": "p"}
    api.create("targets", changed(TARGET, **extra))
    starred = changed(TARGET, **{**extra, f"api__{secret}": STARS, path: value})
    assert_error(api.put("/targets/search", starred), 400, "invalid")


def test_stars_mean_nothing_in_a_new_source(api):
    assert_error(api.post("/sources", changed(SOURCE, config__password=STARS)), 400, "invalid")


def test_the_data_directory_is_its_owners_alone(syncline, configured):
    for path in [syncline.data_dir, *syncline.data_dir.rglob("*")]:
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


# -- other paths -------------------------------------------------------------------------------


def test_health(api):
    assert api.get("/health/live").status_code == 200
    assert api.get("/health/ready").status_code == 200
    for kind, body in KINDS.items():
        api.create(kind, body)
    unready = api.get("/health/ready")
    assert unready.status_code == 503 and "orders" in unready.text
    api.post("/jobs/orders/pause")
    assert api.get("/health/ready").status_code == 200


# -- what is not as it should be -----------------------------------------------------------------

JSON_HEADER = {"Content-Type": "application/json"}


@pytest.mark.parametrize("body, told", [
    ('{\n  "name": "shop",\n  "config": {"port": 5432 "user": "u"}\n}',
     "line 3, column 27: expected ',' or '}'"),
    ('{"name": "shop",}', "line 1, column 17: expected a field in double quotes"),
    ("{'name': 1}", "line 1, column 2: expected a field in double quotes or '}'"),
    ('{"name": tru}', "line 1, column 10: expected a value"),
    ('{"name": "s', "line 1, column 12: expected '\"' at the end of a text"),
    ('{"config": {"port": 1e400}}', "line 1, column 21: the number is too large"),
    ('{"config": {"user": "a",\n"user": "b"}}',
     'line 2, column 1: the field "config.user" is given twice'),
    ("", "is empty"), ("nonsense", "line 1, column 1: expected a value")])
def test_a_broken_body_is_told_by_line_and_column(api, body, told):
    answer = api.request("POST", "/sources", data=body.encode(), headers=JSON_HEADER)
    details = assert_invalid(answer, "")
    assert told in details[0]["message"] and told in answer.json()["data"], answer.text


def test_what_a_broken_body_holds_is_not_told(api):
    answer = api.request("POST", "/sources", headers=JSON_HEADER,
                         data='{"config": {"password": "pw-of-the-source" "user": 1}}')
    assert_invalid(answer, "")
    assert "pw-of" not in answer.text


@pytest.mark.parametrize("port, fits", [
    ("5432.0", True), ("5.432e3", True), ("54320e-1", True), ("5432.5", False), ("1e300", False),
    ("-0.0", False), ("65536.0", False), ("9007199254740993.0", False), ("true", False)])
def test_a_whole_number_may_have_a_point(api, port, fits):
    body = json.dumps(changed(SOURCE, config__port=5432)).replace("5432", port)
    answer = api.request("POST", "/sources", data=body, headers=JSON_HEADER)
    if fits:
        assert answer.status_code == 201, answer.text
        assert api.get("/sources/shop").json()["config"]["port"] == 5432
    else:
        assert_invalid(answer, "config.port")


@pytest.mark.parametrize("method", ["PURGE", "TRACE", "OPTIONS", "PATCH", "X-Y", "G" * 300])
def test_an_unknown_method_is_told_what_is_allowed(api, method):
    answer = api.request(method, "/jobs/orders")
    assert_error(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PUT"
    assert_error(api.request(method, "/jobs/orders/nothing"), 404, "not_found")


def test_head_is_get_without_the_body(configured):
    for path in ("/jobs", "/jobs/orders", "/health/live", "/nothing"):
        got, head = configured.get(path), configured.request("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["Content-Length"] == got.headers["Content-Length"]

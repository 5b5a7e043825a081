"""What is refused when jobs share an index."""

import pytest
from bodies import JOB, SOURCE, TARGET, assert_error, changed

MAPPINGS = [{"source_column": "id", "alias": "customer", "type": "integer"},
            {"source_column": "city", "alias": "city", "type": "keyword"}]


def job(name, kind, mappings=None, **target):
    body = changed(JOB, name=name, source__columns=["id", "city"], target__type=kind,
                   target__id=None, target__mappings=mappings or MAPPINGS)
    body["target"].update(target)
    return body


def object_job(name, field="customer"):
    return job(name, "object", id="customer", object={"name": field})


def nested_job(name, field="items"):
    return job(name, "nested", id="customer", nested={"name": field, "id": "city"})


def property_job(name, source="id", target="order_id", alias="city"):
    """It writes one field, `alias`."""
    mappings = [{"source_column": "city" if source == "id" else "id", "alias": alias,
                 "type": "keyword"}]
    return job(name, "property", mappings, property={"compare": {"source": source,
                                                                 "target": target}})


def refusal(answer, *words):
    """400 that names all of these words in its details."""
    body = assert_error(answer, 400, "invalid")
    text = " ".join(f"{entry['path']} {entry['message']}" for entry in body["error"]["details"])
    assert all(word in text for word in words), text


def test_every_kind_is_taken_and_answered_as_given(configured):
    bodies = [object_job("an-object"), nested_job("a-nested"), property_job("a-property"),
              property_job("by-object", "city", "customer.city", "region"),
              property_job("a-chain", "city", "region", "manager")]
    for body in bodies:
        configured.create("jobs", body)
        stored = configured.get(f"/jobs/{body['name']}").json()
        for key, value in body["target"].items():
            assert stored["target"][key] == value


@pytest.mark.parametrize("second, word", [
    (object_job("second", "status"), "status"),
    (nested_job("second", "order_id"), "order_id"),
    (property_job("second", alias="status"), "status"),
    (object_job("second", "taken"), "taken"),
    (nested_job("second", "taken"), "taken"),
    (property_job("second", alias="taken"), "taken"),
])
def test_two_jobs_that_write_one_field(configured, second, word):
    configured.create("jobs", object_job("first", "taken"))
    refusal(configured.post("/jobs", second), word)
    assert len(configured.get("/jobs").json()) == 2
    elsewhere = changed(second, target__index="elsewhere")  # each index is for itself
    assert configured.post("/jobs", elsewhere).status_code == 201


def test_an_index_job_may_not_write_what_an_object_writes(configured):
    configured.create("jobs", object_job("first", "taken"))
    second = changed(JOB, name="second", target__mappings=[
        {"source_column": "id", "alias": "order_id", "type": "integer"},
        {"source_column": "status", "alias": "taken", "type": "text"}])
    refusal(configured.post("/jobs", second), "taken")
    replaced = changed(JOB, target__mappings=second["target"]["mappings"])
    refusal(configured.put("/jobs/orders", replaced), "taken")
    assert configured.get("/jobs/orders").json()["target"]["mappings"] == JOB["target"]["mappings"]


@pytest.mark.parametrize("target", ["nowhere", "customer.nowhere", "customer", "id"])
def test_a_compare_target_that_no_job_provides(configured, target):
    configured.create("jobs", object_job("an-object"))
    configured.create("jobs", nested_job("a-nested"))
    refusal(configured.post("/jobs", property_job("second", target=target)), target)


def test_any_compare_target_does_on_a_foreign_index(api):
    api.create("sources", SOURCE)
    api.create("targets", TARGET)
    api.create("jobs", property_job("first", target="of.somebody.else"))


def test_properties_in_a_circle(configured):
    configured.create("jobs", property_job("first", "city", "order_id", "region"))
    configured.create("jobs", property_job("second", "city", "region", "manager"))
    circle = property_job("first", "city", "manager", "region")
    refusal(configured.put("/jobs/first", circle), "target.property.compare.target", "second")
    refusal(configured.post("/jobs", property_job("third", "city", "loop", "loop")),
            "target.property.compare.target")


@pytest.mark.parametrize("body", [
    object_job("second"), nested_job("second"), property_job("second")])
def test_options_of_a_kind_are_required(configured, body):
    kind = body["target"]["type"]
    refusal(configured.post("/jobs", changed(body, **{f"target__{kind}": None})), f"target.{kind}")
    empty = changed(body)
    empty["target"][kind] = {}
    refusal(configured.post("/jobs", empty), f"target.{kind}")


@pytest.mark.parametrize("body, path", [
    (changed(object_job("second"), target__id=None), "target.id"),
    (changed(object_job("second"), target__id="nowhere"), "target.id"),
    (changed(nested_job("second"), target__nested__id="nowhere"), "target.nested.id"),
    (changed(property_job("second"), target__property__compare__source="nowhere"),
     "target.property.compare.source"),
])
def test_aliases_that_are_none(configured, body, path):
    refusal(configured.post("/jobs", body), path)


@pytest.mark.parametrize("type_, fitting", [
    ("bigint", "use long"), ("string", "use text"), ("json", "use object"),
    ("frobnicated_thing", "no field type")])
def test_a_type_that_no_cluster_knows(configured, type_, fitting):
    body = job("typed", "index", [{**MAPPINGS[0], "type": type_}, MAPPINGS[1]], id="customer")
    refusal(configured.post("/jobs", body), "target.mappings[0].type", type_, fitting)
    body["target"]["mappings"][0]["type"] = "integer"
    configured.create("jobs", body)
    changed_body = {**body, "target": {**body["target"], "mappings": [
        {**MAPPINGS[0], "type": type_}]}}
    refusal(configured.put("/jobs/typed", changed_body), "target.mappings[0].type", fitting)

"""The oracle against small expectations made by hand. Needs PostgreSQL alone."""

from decimal import Decimal

import pytest
from indices import differences
from oracle import ABSENT_OR_EMPTY, Oracle, settled
from stage import Stage, nested_in, object_in, property_of


@pytest.fixture
def tables(postgres, tmp_path):
    stage = Stage(postgres, None, tmp_path)
    stage.source_body()
    yield stage
    stage.end()


def said(stage, *jobs):
    return Oracle(jobs, stage.sources).documents()


def assert_said(stage, expected, *jobs):
    wrong = differences(expected, said(stage, *jobs))
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def orders(tables):
    """Four orders, and the index job on them."""
    tables.run("CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text)")
    tables.run("INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, 'b'), (3, NULL, 'c'), (4, 10, 'd')")
    tables.index_job = tables.job_body("orders", ["id:integer", "customer_id:integer"],
                                       name="orders")
    return tables


def with_ids(**fields):
    """The four documents, with more fields: {field: {id: value}}."""
    result = {str(n): {"id": n, "customer_id": customer}
              for n, customer in ((1, 10), (2, 20), (3, None), (4, 10))}
    for name, values in fields.items():
        for identity, value in values.items():
            result[identity][name] = value
    return result


def test_object(orders):
    orders.run("CREATE TABLE shipments (pk int PRIMARY KEY, order_id int, carrier text)")
    orders.run("INSERT INTO shipments VALUES (9, 1, 'late'), (10, 1, 'wins'), (1, 2, NULL),"
               " (2, 99, 'no document'), (3, NULL, 'nowhere')")
    job = orders.job_body("shipments", ["order_id:integer", "carrier:keyword"], id="order_id",
                          **object_in("shipment"))
    assert_said(orders, with_ids(shipment={"1": {"order_id": 1, "carrier": "wins"},
                                           "2": {"order_id": 2, "carrier": None}}),
                orders.index_job, job)


@pytest.mark.parametrize("kind, values, ordered", [
    ("int", "10, NULL, 9, -1", [-1, 9, 10, None]),
    ("text", "'b', 'B', 'a', NULL, 'ä', '10', '9'", ["10", "9", "B", "a", "b", "ä", None]),
    ("citext", "'b', 'B', 'a', NULL", ["B", "a", "b", None]),
    ("numeric", "1.50, 'NaN', 10, NULL", [Decimal("1.5"), 10, None, None]),
    ("boolean", "true, NULL, false", [False, True, None]),
    ("date", "'2026-02-01', '2025-12-31', NULL, '12024-01-01'",
     ["2025-12-31", "2026-02-01", "+12024-01-01", None]),
    ("mood", "'high', 'low', 'middle'", ["low", "middle", "high"]),
    ("char(3)", "'b', 'B', 'a'", ["B", "a", "b"]),
])
def test_nested_is_ordered_by_its_id(orders, kind, values, ordered):
    orders.run("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('low', 'middle', 'high')")
    orders.run(f"CREATE TABLE items (pk serial PRIMARY KEY, order_id int, k {kind})")
    for value in values.split(", "):
        orders.run(f"INSERT INTO items (order_id, k) VALUES (1, {value})")
    job = orders.job_body("items", ["order_id:integer", "k:keyword"], id="order_id",
                          **nested_in("items", "k"))
    found = said(orders, orders.index_job, job)
    assert [item["k"] for item in found["1"]["items"]] == ordered
    assert found["2"]["items"] == []


def test_nested_ties_go_by_primary_key(orders):
    orders.run("CREATE TABLE items (a int, b int, order_id int, k int, PRIMARY KEY (b, a))")
    orders.run("INSERT INTO items VALUES (1, 3, 1, 5), (2, 2, 1, 5), (1, 2, 1, 5), (9, 0, 1, NULL),"
               " (8, 0, 1, NULL), (0, 0, 77, 1)")
    job = orders.job_body("items", ["order_id:integer", "a:integer", "b:integer", "k:integer"],
                          id="order_id", **nested_in("items", "k"))
    found = said(orders, orders.index_job, job)
    assert set(found) == {"1", "2", "3", "4"}
    assert [(item["b"], item["a"]) for item in found["1"]["items"]] == [
        (2, 1), (2, 2), (3, 1), (0, 8), (0, 9)]


def test_property(orders):
    orders.run("CREATE TABLE customers (pk int PRIMARY KEY, id numeric, name text, vip boolean)")
    orders.run("INSERT INTO customers VALUES (9, 10, 'nine', true), (10, 10.00, 'ten', NULL),"
               " (11, NULL, 'nobody', true), (12, 30, 'unasked', true)")
    job = orders.job_body("customers", [("id", "customer_id", "integer"), "name:text",
                                        "vip:boolean"], **property_of("id", "customer_id"))
    assert job["source"]["columns"] == ["id", "name", "vip"] and "id" not in job["target"]
    expected = with_ids(name={"1": "ten", "4": "ten"}, vip={"1": None, "4": None})
    assert_said(orders, expected, orders.index_job, job)
    job["target"]["property"]["compare"]["source"] = "customer_id"  # the alias will do as well
    assert_said(orders, expected, orders.index_job, job)


def test_property_that_does_not_map_its_compare_column(orders):
    orders.run("CREATE TABLE customers (id int PRIMARY KEY, name text)")
    orders.run("INSERT INTO customers VALUES (20, 'twenty')")
    job = orders.job_body("customers", ["name:text"], **property_of("id", "customer_id"))
    assert job["source"]["columns"] == ["name", "id"]
    assert_said(orders, with_ids(name={"2": "twenty"}), orders.index_job, job)


@pytest.mark.parametrize("left_kind, left, right_kind, right, equal", [
    ("int", "1", "numeric", "1.00", True),
    ("float8", "1e0", "numeric", "1", True),
    ("float8", "0.1", "numeric", "0.10", True),
    ("bigint", "9007199254740993", "numeric", "9007199254740992", False),
    ("numeric", "'NaN'", "numeric", "'NaN'", False),
    ("citext", "'A'", "citext", "'a'", False),
    ("citext", "'A'", "text", "'A'", True),
    ("char(4)", "'ab'", "text", "'ab'", True),
    ("char(4)", "'ab'", "text", "'ab '", False),
    ("text", "''", "text", "''", True),
    ("boolean", "false", "boolean", "false", True),
    ("date", "'2026-01-31'", "date", "'2026-01-31'", True),
    ("date", "'2026-01-31'", "timestamp", "'2026-01-31'", False),
])
def test_what_equals_what(tables, left_kind, left, right_kind, right, equal):
    tables.run("CREATE EXTENSION citext")
    tables.run(f"CREATE TABLE a (id int PRIMARY KEY, k {left_kind});"
               f"CREATE TABLE b (id int PRIMARY KEY, k {right_kind}, v int);"
               f"INSERT INTO a VALUES (1, {left}); INSERT INTO b VALUES (1, {right}, 7)")
    found = said(tables, tables.job_body("a", ["id:integer", "k:keyword"]),
                 tables.job_body("b", ["v:integer"], **property_of("k", "k")))
    assert ("v" in found["1"]) == equal


def test_chains_and_fields_of_objects(orders):
    orders.run("CREATE TABLE customers (id int PRIMARY KEY, country text);"
               "CREATE TABLE vat_rates (country text PRIMARY KEY, rate numeric, area int);"
               "CREATE TABLE areas (id int PRIMARY KEY, area_name text);"
               "CREATE TABLE shipments (order_id int PRIMARY KEY, carrier text);"
               "CREATE TABLE carriers (code text PRIMARY KEY, phone text)")
    orders.run("INSERT INTO customers VALUES (10, 'de'), (20, NULL);"
               "INSERT INTO vat_rates VALUES ('de', 19.0, 1), ('fr', 20, 2);"
               "INSERT INTO areas VALUES (1.0, 'one');"
               "INSERT INTO shipments VALUES (1, 'post'), (2, 'bike');"
               "INSERT INTO carriers VALUES ('post', '110')")
    jobs = [
        orders.job_body("areas", ["area_name:text"], name="1", **property_of("id", "area")),
        orders.job_body("vat_rates", ["rate:float", "area:integer"], name="2",
                        **property_of("country", "country")),
        orders.job_body("customers", ["country:keyword"], name="3",
                        **property_of("id", "customer_id")),
        orders.job_body("shipments", ["order_id:integer", "carrier:keyword"], id="order_id",
                        name="4", **object_in("shipment")),
        orders.job_body("carriers", ["phone:keyword"], name="5",
                        **property_of("code", "shipment.carrier"))]
    assert_said(orders, with_ids(
        country={"1": "de", "2": None, "4": "de"}, rate={"1": 19, "4": 19}, area={"1": 1, "4": 1},
        area_name={"1": "one", "4": "one"}, phone={"1": "110"},
        shipment={"1": {"order_id": 1, "carrier": "post"},
                  "2": {"order_id": 2, "carrier": "bike"}}), orders.index_job, *jobs)


def test_a_property_compares_the_field_of_the_last_index_job(orders):
    orders.run("CREATE TABLE more (id int PRIMARY KEY, customer_id int);"
               "CREATE TABLE customers (id int PRIMARY KEY, name text)")
    orders.run("INSERT INTO more VALUES (1, 20), (2, NULL), (5, 10);"
               "INSERT INTO customers VALUES (10, 'ten'), (20, 'twenty')")
    more = orders.job_body("more", ["id:integer", "customer_id:integer"], name="zz")
    job = orders.job_body("customers", ["name:text"], **property_of("id", "customer_id"))
    expected = with_ids(name={"1": "twenty", "4": "ten"}, customer_id={"1": 20, "2": None})
    expected["5"] = {"id": 5, "customer_id": 10, "name": "ten"}
    assert_said(orders, expected, orders.index_job, more, job)


def test_ids_are_compared_as_text(orders):
    orders.run("CREATE TABLE shipments (order_ref text PRIMARY KEY, carrier text);"
               "CREATE TABLE items (pk int PRIMARY KEY, n numeric)")
    orders.run("INSERT INTO shipments VALUES ('1', 'post'), ('02', 'bike'), (' 3', 'foot');"
               "INSERT INTO items VALUES (1, 1.0), (2, 2), (3, 2)")
    found = said(orders, orders.index_job,
                 orders.job_body("shipments", ["order_ref:keyword"], id="order_ref",
                                 **object_in("shipment")),
                 orders.job_body("items", ["n:float", "pk:integer"], id="n",
                                 **nested_in("items", "pk")))
    assert [identity for identity in found if "shipment" in found[identity]] == ["1"]
    assert {identity: len(found[identity]["items"]) for identity in found} == {
        "1": 0, "2": 2, "3": 0, "4": 0}


def test_foreign(tables):
    tables.run("CREATE TABLE shipments (id int PRIMARY KEY, carrier text);"
               "CREATE TABLE items (pk int PRIMARY KEY, order_id int);"
               "CREATE TABLE customers (id int PRIMARY KEY, city text);"
               "CREATE TABLE cities (name text PRIMARY KEY, zone int)")
    tables.run("INSERT INTO shipments VALUES (1, 'post'), (9, 'none');"
               "INSERT INTO items VALUES (1, 1), (2, 1), (3, 9);"
               "INSERT INTO customers VALUES (10, 'Bonn'); INSERT INTO cities VALUES ('Bonn', 5)")
    jobs = [tables.job_body("shipments", ["id:integer", "carrier:keyword"],
                            **object_in("shipment")),
            tables.job_body("items", ["pk:integer", "order_id:integer"], id="order_id",
                            name="items", **nested_in("items", "pk")),
            tables.job_body("customers", ["city:keyword"], **property_of("id", "customer.id")),
            tables.job_body("cities", ["zone:integer"], **property_of("name", "city"))]
    owned = {"1": {"a": Decimal("1.10"), "customer": {"id": Decimal("10.0")}},
             "2": {"customer": {"id": 11}, "shipment": "stale", "zone": 1},
             "3": {"customer": "10"}}
    said_of_it = Oracle(jobs, tables.sources).foreign_documents(owned, {"items": {"3"}})
    assert said_of_it["2"]["items"] is ABSENT_OR_EMPTY
    expected = {
        "1": {**owned["1"], "shipment": {"id": 1, "carrier": "post"}, "city": "Bonn", "zone": 5,
              "items": [{"pk": 1, "order_id": 1}, {"pk": 2, "order_id": 1}]},
        "2": {"customer": {"id": 11}}, "3": {"customer": "10", "items": []}}
    assert not differences(expected, settled(said_of_it, {}))
    expected["2"]["items"] = []
    assert not differences(expected, settled(said_of_it, expected))
    assert owned["2"]["shipment"] == "stale"

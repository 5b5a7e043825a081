"""Jobs of all kinds on one index: its mapping, jobs that come, go, pause and change, and sources
that are several or away."""

import json
import random

import pytest
import requests
import shop
import workload
from common import wait_for
from stage import nested_in, object_in, property_of


@pytest.fixture
def mixed(running):
    """The shop, with all its jobs live."""
    shop.create_tables(running.run)
    shop.fill(running.run, orders=60, customers=10)
    shop.add_jobs(running)
    running.wait_until_equal()
    return running


def properties(stage, index=None):
    index = index or stage.index()
    answer = stage.opensearch.request("GET", f"/{index}/_mapping")
    return answer[index]["mappings"]["properties"]


# -- the mapping -------------------------------------------------------------------------------


def test_the_index_is_mapped_for_every_kind(mixed):
    found = properties(mixed)
    assert found["shipment"].get("type", "object") == "object"
    shipment = found["shipment"]["properties"]
    assert {name: field["type"] for name, field in shipment.items()} == {
        "order_id": "integer", "carrier": "keyword", "sent": "date", "shipment_id": "integer"}
    assert found["items"]["type"] == "nested"
    items = found["items"]["properties"]
    assert {name: field["type"] for name, field in items.items()} == {
        "order_id": "integer", "line": "integer", "sku": "keyword", "price": "double"}
    assert found["customer_name"]["type"] == "text"
    assert found["customer_name"]["fields"]["keyword"]["type"] == "keyword"
    assert found["vat_rate"]["type"] == "double" and found["fee"]["type"] == "double"


def test_nested_is_searched_element_by_element(running):
    """What type nested is for: a query never mixes two elements."""
    running.run("CREATE TABLE orders (id int PRIMARY KEY);"
                "CREATE TABLE items (pk int PRIMARY KEY, order_id int, sku text, n int)")
    running.run("INSERT INTO orders VALUES (1), (2);"
                "INSERT INTO items VALUES (1, 1, 'a', 1), (2, 1, 'b', 2), (3, 2, 'a', 2)")
    running.add_job("orders", ["id:integer"])
    running.add_job("items", ["sku:keyword", "n:integer", "order_id:integer"], id="order_id",
                    **nested_in("items", "n"))
    running.wait_until_equal()
    question = {"query": {"nested": {"path": "items", "query": {"bool": {"filter": [
        {"term": {"items.sku": "a"}}, {"term": {"items.n": 2}}]}}}}}
    running.opensearch.request("POST", f"/{running.index()}/_refresh")
    answer = running.opensearch.request("POST", f"/{running.index()}/_search", question)
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["2"]


def small_jobs(stage):
    """An order with a shipment and an item; the bodies of three jobs."""
    stage.run("CREATE TABLE orders (id int PRIMARY KEY, status text);"
              "CREATE TABLE shipments (order_id int PRIMARY KEY, carrier text);"
              "CREATE TABLE items (pk int PRIMARY KEY, order_id int, sku text)")
    stage.run("INSERT INTO orders VALUES (1, 'new'), (2, 'old');"
              "INSERT INTO shipments VALUES (1, 'post'); INSERT INTO items VALUES (1, 2, 'x')")
    return [
        stage.job_body("orders", ["id:integer", "status:text"], name="orders"),
        stage.job_body("shipments", ["order_id:integer", "carrier:text"], id="order_id",
                       name="shipments", **object_in("shipment")),
        stage.job_body("items", ["pk:integer", "order_id:integer", "sku:keyword"], id="order_id",
                       name="items", **nested_in("items", "pk"))]


def make_index(stage, fields):
    stage.opensearch.request("PUT", f"/{stage.index()}", {"mappings": {"properties": fields}})


def test_an_existing_index_gets_the_fields_that_it_lacks(running):
    make_index(running, {"id": {"type": "integer"}, "mine": {"type": "keyword"},
                         "shipment": {"properties": {"order_id": {"type": "integer"}}}})
    for body in small_jobs(running):
        running.create_job(body)
    running.wait_until_equal()
    found = properties(running)
    assert found["mine"]["type"] == "keyword" and found["items"]["type"] == "nested"
    assert found["shipment"]["properties"]["carrier"]["type"] == "text"


@pytest.mark.parametrize("fields, job, word", [
    ({"items": {"type": "object", "properties": {"pk": {"type": "integer"}}}}, "items", "items"),
    ({"items": {"type": "keyword"}}, "items", "items"),
    ({"shipment": {"type": "nested"}}, "shipments", "shipment"),
    ({"shipment": {"properties": {"carrier": {"type": "integer"}}}}, "shipments", "carrier"),
    ({"items": {"type": "nested", "properties": {"sku": {"type": "date"}}}}, "items", "sku"),
])
def test_a_mapping_in_the_way_is_told(running, fields, job, word):
    make_index(running, fields)
    for body in small_jobs(running):
        running.create_job(body)
    running.wait_state(job, "failed", word)
    for other in running.jobs.keys() - {job}:
        running.wait_state(other, "waiting", job)
    running.opensearch.request("DELETE", f"/{running.index()}")
    for name, body in running.jobs.items():
        assert running.api.put(f"/jobs/{name}", body).status_code == 200
    running.wait_state(job, "live")
    running.wait_until_equal()


# -- jobs come, go and change ------------------------------------------------------------------


def test_jobs_come_to_a_live_index(running):
    shop.create_tables(running.run)
    shop.fill(running.run, orders=60, customers=10)
    for body in shop.job_bodies(running):
        running.create_job(body)
        running.wait_until_equal()
    assert len(properties(running)["tags"]["properties"]) == 3


def test_jobs_go_and_take_their_fields_along(mixed):
    """Each leaves a live index, the ones that others build on last; then they come back."""
    gone = []
    for name in ("tags", "items", "carriers", "shipments", "fees", "vat-rates", "customers",
                 "b-notes"):
        gone.append(mixed.delete_job(name))
        mixed.wait_until_equal()
    left = set().union(*(document.keys() for document in mixed.found().values()))
    assert left == {"id", "customer_id", "status", "total", "placed", "day", "weight", "holiday"}
    for body in reversed(gone):
        mixed.create_job(body)
    mixed.wait_until_equal()


def test_of_two_index_jobs_one_goes(mixed):
    """Documents that only it had rows for go too; shared ones stay with what is left."""
    mixed.run("INSERT INTO notes (order_id, note) VALUES (5000, 'only mine')")
    mixed.wait_until_equal()
    assert "5000" in mixed.found()
    mixed.delete_job("b-notes")
    mixed.wait_until_equal()
    assert "5000" not in mixed.found() and len(mixed.found()) == 60


def test_a_job_goes_while_syncline_is_killed(mixed):
    mixed.delete_job("items")
    mixed.syncline.restart(kill=True)
    mixed.wait_until_equal()
    assert not any("items" in document for document in mixed.found().values())


def test_jobs_are_replaced(mixed):
    """What a job wrote by its old body must be gone when the new one is live."""
    item = ["order_id:integer", "line:integer", "sku:keyword"]
    steps = [
        ("items", "items", item, {"id": "order_id", **nested_in("positions", "sku")}),
        ("items", "items", [*item, "price:double"], {"id": "order_id",
                                                     **nested_in("positions", "line")}),
        ("shipments", "shipments", ["order_id:integer", "carrier:keyword"],
         {"id": "order_id", **object_in("shipment")}),
        ("holidays", "holidays", [("title", "free", "keyword")], property_of("day", "day")),
        ("fees", "fees", ["fee:float"], property_of("pk", "customer_id")),
        ("tags", "tags", ["order_id:integer", ("tag", "label", "keyword")],
         {"id": "order_id", **nested_in("tags", "label")}),
        ("a-orders", "orders", ["id:integer", "customer_id:integer", ("status", "state", "keyword"),
                                "day:date"], {}),
    ]
    for name, table, entries, options in steps:
        mixed.replace_job(name, table, entries, **options)
        mixed.wait_until_equal()
    mixed.follow("UPDATE items SET line = 9 - line", "UPDATE fees SET pk = 10 - pk",
                 "UPDATE holidays SET day = day + 1")


def test_an_object_becomes_nested_of_another_name(mixed):
    mixed.delete_job("carriers")
    mixed.wait_until_equal()
    mixed.replace_job("shipments", "shipments", [("pk", "number", "integer"), "order_id:integer"],
                      id="order_id", **nested_in("shipments", "number"))
    mixed.wait_until_equal()
    mixed.follow("UPDATE shipments SET order_id = 1 WHERE order_id < 20")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_creation_does_not_matter(running, seed):
    """Any order that is not refused: a property needs what it compares once the index is owned."""
    shop.create_tables(running.run)
    shop.fill(running.run, orders=60, customers=10)
    bodies = shop.job_bodies(running)
    dice = random.Random(seed)
    while not allowed(bodies):
        dice.shuffle(bodies)
    for body in bodies:
        running.create_job(body)
    running.wait_until_equal(timeout_s=120)
    running.follow("UPDATE customers SET country = 'it' WHERE id < 5", "DELETE FROM shipments",
                   "UPDATE orders SET id = id + 1000 WHERE id < 10")


def allowed(bodies):
    given = set()
    provided_by = {"customer_id": "a-orders", "day": "a-orders", "weight": "a-orders",
                   "country": "customers", "shipment.carrier": "shipments"}
    owned = False
    waiting = set()
    for body in bodies:
        given.add(body["name"])
        owned = owned or body["target"]["type"] == "index"
        if body["target"]["type"] == "property":
            waiting.add(provided_by[body["target"]["property"]["compare"]["target"]])
        if owned and not waiting <= given:
            return False
    return bodies[0]["name"] != "a-orders"


# -- pausing -----------------------------------------------------------------------------------


def test_a_paused_jobs_own_changes_are_not_followed(mixed):
    """A document that is rebuilt for another reason shows its rows as they are, though."""
    mixed.run("INSERT INTO items (order_id, line, sku) VALUES (1, 1, 'before'), (2, 1, 'before')")
    mixed.wait_until_equal()
    assert mixed.command("items", "pause")["state"] == "paused"
    mixed.run("UPDATE items SET sku = 'paused' WHERE sku = 'before'")
    mixed.run("UPDATE orders SET status = 'rebuilt' WHERE id = 2")
    mixed.wait_no_lag("a-orders")
    found = mixed.found()
    assert "before" in skus(found["1"]) and "paused" in skus(found["2"])
    assert found["2"]["status"] == "rebuilt"
    mixed.command("items", "resume")
    mixed.wait_until_equal()
    assert "paused" in skus(mixed.found()["1"])


def skus(document):
    return {item["sku"] for item in document["items"]}


@pytest.mark.parametrize("name", ["customers", "shipments", "tags", "b-notes"])
def test_pause_and_resume_lose_nothing(mixed, name):
    mixed.command(name, "pause")
    mixed.run("UPDATE customers SET city = 'paused'; UPDATE shipments SET carrier = 'foot';"
              "DELETE FROM tags WHERE order_id < 30; TRUNCATE notes;"
              "UPDATE orders SET status = 'x' WHERE id < 10")
    mixed.syncline.restart(kill=True)
    assert mixed.api.status(name)["state"] == "paused"
    mixed.run("UPDATE customers SET id = id + 100 WHERE id < 5")
    mixed.command(name, "resume")
    mixed.wait_until_equal()


@pytest.mark.parametrize("name", ["a-orders", "customers", "items"])
def test_resync_of_one_job_puts_the_whole_index_right(mixed, name):
    """Documents are whole: damage of any field is mended, and a document too many goes."""
    index = mixed.index()
    for path, body in (("_doc/ghost", {"items": []}), ("_doc/1", {"id": 1}),
                       ("_doc/2", {"id": 2, "shipment": {"carrier": "forged"}, "city": "?"})):
        mixed.opensearch.request("PUT", f"/{index}/{path}", body)
    mixed.opensearch.request("DELETE", f"/{index}/_doc/3")
    mixed.command(name, "resync")
    mixed.wait_until_equal()


def test_jobs_come_and_go_while_writers_write(running):
    shop.create_tables(running.run)
    shop.fill(running.run)
    writers = workload.start_writers(running, 7, kind=shop.ShopWriter)
    try:
        shop.add_jobs(running)
        running.wait_for_documents()
        items = running.delete_job("items")
        running.command("customers", "pause")
        running.api.put("/jobs/shipments", running.jobs["shipments"])
        running.create_job(items)
        running.command("tags", "resync")
        running.command("customers", "resume")
    finally:
        for writer in writers:
            writer.stop()
    running.wait_until_equal()


# -- several sources ---------------------------------------------------------------------------


def two_sources(stage, server):
    """Orders and customers in one database; more orders, shipments and vat rates in another, on
    another server."""
    database = stage.new_database(server)
    stage.api.create("sources", stage.source_body("stock", database, server))
    other = stage.connect(database, server=server)
    stage.run("CREATE TABLE orders (id int PRIMARY KEY, customer_id int);"
              "CREATE TABLE customers (id int PRIMARY KEY, country text);"
              "INSERT INTO orders SELECT n, n % 5 FROM generate_series(1, 40) n;"
              "INSERT INTO customers SELECT n, 'de' FROM generate_series(1, 4) n")
    other.cursor().execute(
        "CREATE TABLE old_orders (id bigint PRIMARY KEY, customer_id numeric);"
        "CREATE TABLE shipments (pk int PRIMARY KEY, order_id bigint, carrier text);"
        "CREATE TABLE vat (country varchar(20) PRIMARY KEY, rate numeric);"
        "INSERT INTO old_orders SELECT n, n % 4 + 0.0 FROM generate_series(30, 60) n;"
        "INSERT INTO shipments SELECT n, n * 2, 'post' FROM generate_series(1, 50) n;"
        "INSERT INTO vat VALUES ('de', 19.0), ('fr', 20)")
    stage.add_job("orders", ["id:integer", "customer_id:integer"], name="orders")
    stage.add_job("old_orders", ["id:integer", "customer_id:integer"], name="old-orders",
                  source="stock")
    stage.add_job("customers", ["country:keyword"], name="customers",
                  **property_of("id", "customer_id"))
    stage.add_job("shipments", ["order_id:long", "carrier:keyword"], id="order_id", source="stock",
                  name="shipments", **object_in("shipment"))
    stage.add_job("vat", ["rate:float"], name="vat", source="stock",
                  **property_of("country", "country"))
    stage.wait_until_equal()
    return database, other


def test_two_sources_make_one_index(running, second_postgres):
    _, other = two_sources(running, second_postgres)
    assert running.found()["32"].keys() == {"id", "customer_id", "country", "shipment", "rate"}
    here, there = running.run, other.cursor().execute
    for run, statement in [
            (there, "UPDATE old_orders SET customer_id = 3 WHERE id < 45"),
            (here, "UPDATE customers SET country = 'fr' WHERE id = 3"),
            (there, "UPDATE vat SET rate = 21 WHERE country = 'fr'"),
            (there, "UPDATE vat SET country = 'xx' WHERE country = 'de'"),
            (here, "UPDATE orders SET customer_id = 1 WHERE id > 20"),
            (there, "UPDATE shipments SET order_id = order_id + 1"),
            (there, "DELETE FROM old_orders WHERE id > 35"), (here, "DELETE FROM orders"),
            (there, "TRUNCATE shipments")]:
        run(statement)
        running.wait_until_equal()
    other.close()


def test_one_source_is_away(running, second_postgres):
    """The index moves as one: the jobs whose source is there wait as well, and say for whom."""
    database, other = two_sources(running, second_postgres)
    other.close()
    second_postgres.stop()
    try:
        running.wait_state("shipments", "waiting")
        running.run("UPDATE orders SET customer_id = 2 WHERE id < 20")
        running.run("DELETE FROM orders WHERE id = 20")
        for name in ("orders", "customers"):
            status = running.wait_state(name, "waiting")
            assert any(fault in status["error"]["message"]
                       for fault in ("shipments", "old-orders", "vat")), status
        assert running.api.get("/health/ready").status_code == 503
        running.syncline.restart(kill=True)
        running.run("UPDATE customers SET country = 'fr'")
    finally:
        second_postgres.start()
    running.wait_until_equal()
    with running.connect(database, server=second_postgres) as session, session.cursor() as cursor:
        cursor.execute("UPDATE shipments SET carrier = 'back'")
    session.close()
    running.wait_until_equal()


def test_the_cluster_is_away(mixed):
    mixed.opensearch.stop()
    try:
        mixed.run("UPDATE customers SET city = 'away'; UPDATE items SET line = 7;"
                  "UPDATE shipments SET order_id = order_id + 1; DELETE FROM orders WHERE id < 5")
        for name in mixed.jobs:
            mixed.wait_state(name, "waiting")
    finally:
        mixed.opensearch.start()
    mixed.wait_until_equal()


# -- two indices -------------------------------------------------------------------------------


def test_a_job_moves_to_another_index(mixed):
    """It leaves the old one with its fields, and enters the new one."""
    other = mixed.index("other")
    mixed.add_job("orders", ["id:integer", "status:keyword"], index=other)
    mixed.wait_until_equal()
    mixed.replace_job("tags", "tags", ["order_id:integer", "tag:keyword"], id="order_id",
                      index=other, **nested_in("tags", "tag"))
    mixed.wait_until_equal()
    assert "tags" in mixed.found(other)["1"] and "tags" not in mixed.found()["1"]
    mixed.follow("UPDATE tags SET tag = tag || '!'")


def test_one_table_feeds_several_indices_and_fields(running):
    """The same rows as documents, objects, elements and properties at once."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, parent int, name text)")
    running.run("INSERT INTO t SELECT n, nullif(n / 3, n), 'name ' || n"
                " FROM generate_series(0, 40) n")
    fields = ["id:integer", "parent:integer", "name:keyword"]
    for index in (running.index(), running.index("second")):
        running.add_job("t", fields, index=index)
        running.add_job("t", fields, id="parent", index=index, **nested_in("children", "id"))
        running.add_job("t", fields, id="parent", index=index, **object_in("last_child"))
        running.add_job("t", [("name", "parent_name", "keyword")], index=index,
                        **property_of("id", "parent"))
    running.wait_until_equal()
    running.follow("UPDATE t SET name = name || '!'", "UPDATE t SET parent = 1 WHERE parent = 2",
                   "DELETE FROM t WHERE id IN (1, 7)", "UPDATE t SET id = -id WHERE id > 30",
                   "TRUNCATE t", "INSERT INTO t VALUES (1, 1, 'own parent')")


def test_no_job_leaves_anything_in_the_database(mixed):
    for name in reversed(list(mixed.jobs)):
        mixed.delete_job(name)
    wait_for(lambda: not mixed.run("SELECT 1 FROM pg_namespace WHERE nspname = 'syncline'"), 30,
             "our schema is gone")
    assert not mixed.run("SELECT 1 FROM pg_trigger WHERE NOT tgisinternal")
    assert len(mixed.found()) > 50  # the index stays


def test_documents_are_read_by_id_as_soon_as_there_is_no_lag(mixed):
    """The lag of each job counts what it has committed, fan-out included."""
    url = f"{mixed.opensearch.url}/{mixed.index()}/_doc/1"
    mixed.run("UPDATE orders SET customer_id = 1 WHERE id = 1")
    steps = [("customers", "UPDATE customers SET city = '%s' WHERE id = 1", "city"),
             ("items", "UPDATE items SET sku = '%s' WHERE order_id = 1", "items"),
             ("shipments", "INSERT INTO shipments (order_id, carrier) VALUES (1, '%s')",
              "shipment")]
    with requests.Session() as session:
        session.trust_env = False
        for number in range(25):
            for job, statement, field in steps:
                mixed.run(statement % f"n{number}")
                wait_for(lambda: mixed.api.status(job)["lag"]["changes"] == 0, 30, "no lag", 0.002)
                value = session.get(url).json()["_source"][field]
                assert f'"n{number}"' in json.dumps(value)

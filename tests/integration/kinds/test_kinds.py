"""What object and nested jobs make true in an owned index, sentence by sentence.

Properties have a file of their own, and so has what happens when jobs come and go.
"""

from decimal import Decimal

import pytest
from stage import nested_in, object_in, property_of

ITEM = ["order_id:integer", "line:integer", "sku:keyword"]
SHIPMENT = ["order_id:integer", "carrier:keyword", "weight:float"]


@pytest.fixture
def orders(running):
    """Twenty orders in a live index."""
    running.run("CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text)")
    running.run("INSERT INTO orders SELECT n, n % 5, 'new' FROM generate_series(1, 20) n")
    running.add_job("orders", ["id:integer", "customer_id:integer", "status:keyword"],
                    name="orders")
    return running


def add_shipments(stage):
    stage.run("CREATE TABLE shipments (pk int PRIMARY KEY, order_id int, carrier text,"
              " weight numeric)")
    stage.run("INSERT INTO shipments SELECT n, n, 'post', n * 1.10"
              " FROM generate_series(1, 30, 3) n")
    stage.add_job("shipments", SHIPMENT, id="order_id", name="shipments", **object_in("shipment"))


def add_items(stage, **options):
    stage.run("CREATE TABLE items (pk int PRIMARY KEY, order_id int, line int, sku text)")
    stage.run("INSERT INTO items SELECT n, n % 25, 100 - n, 'sku ' || n"
              " FROM generate_series(1, 90) n")
    stage.add_job("items", ITEM, id="order_id", name="items", **nested_in("items", "line"))


def source(stage, identity):
    return stage.found()[identity]


# -- object ------------------------------------------------------------------------------------


def test_an_object_comes_changes_and_goes(orders):
    add_shipments(orders)
    orders.wait_until_equal()
    assert source(orders, "1")["shipment"] == {"order_id": 1, "carrier": "post",
                                               "weight": Decimal("1.1")}
    assert "shipment" not in source(orders, "2")
    orders.follow("INSERT INTO shipments VALUES (100, 2, 'bike', NULL)",
                  "UPDATE shipments SET carrier = 'foot' WHERE order_id = 2",
                  "UPDATE shipments SET carrier = NULL, weight = 5 WHERE order_id < 8",
                  "DELETE FROM shipments WHERE order_id = 2")
    assert "shipment" not in source(orders, "2")


def test_an_object_is_replaced_as_a_whole(orders):
    """Nothing of the row before stays: the engine must not merge into what is there."""
    orders.run("CREATE TABLE extras (order_id int PRIMARY KEY, extra jsonb)")
    orders.run("""INSERT INTO extras VALUES (1, '{"a": 1, "b": {"c": 2}}')""")
    orders.add_job("extras", ["order_id:integer", {
        "source_column": "extra", "alias": "extra", "type": "object",
        "params": {"enabled": False}}], id="order_id", **object_in("extras"))
    orders.wait_until_equal()
    orders.follow("""UPDATE extras SET extra = '{"b": {"d": 3}}'""")
    assert source(orders, "1")["extras"]["extra"] == {"b": {"d": 3}}


def test_an_object_moves(orders):
    add_shipments(orders)
    orders.wait_until_equal()
    orders.follow("UPDATE shipments SET order_id = 5 WHERE order_id = 1")
    assert "shipment" not in source(orders, "1") and "shipment" in source(orders, "5")
    orders.follow(
        "UPDATE shipments SET order_id = NULL WHERE order_id = 5",
        "UPDATE shipments SET order_id = 1 WHERE order_id IS NULL",
        "UPDATE shipments SET order_id = 23 - order_id WHERE order_id IN (4, 19)",
        "UPDATE shipments SET order_id = 999 WHERE order_id = 7",
        "UPDATE shipments SET order_id = 8 WHERE order_id = 999",
        ["UPDATE shipments SET order_id = 2 WHERE order_id = 10",
         "UPDATE shipments SET order_id = 3 WHERE order_id = 2"],
        ["UPDATE shipments SET order_id = 6 WHERE order_id = 3",
         "DELETE FROM shipments WHERE order_id = 6"])


def test_the_highest_primary_key_wins_the_object(orders):
    add_shipments(orders)
    orders.wait_until_equal()
    orders.follow("INSERT INTO shipments VALUES (200, 1, 'second', 1), (-5, 1, 'lowest', 1)")
    assert source(orders, "1")["shipment"]["carrier"] == "second"
    orders.follow("UPDATE shipments SET carrier = 'unseen' WHERE pk = 1",
                  "DELETE FROM shipments WHERE pk = 200")
    assert source(orders, "1")["shipment"]["carrier"] == "unseen"
    orders.follow("UPDATE shipments SET pk = 300 WHERE pk = -5")
    assert source(orders, "1")["shipment"]["carrier"] == "lowest"
    orders.follow("UPDATE shipments SET order_id = 2 WHERE pk = 300",
                  "UPDATE shipments SET order_id = 1 WHERE pk = 300")


# -- nested ------------------------------------------------------------------------------------


def test_elements_come_change_and_go(orders):
    add_items(orders)
    orders.wait_until_equal()
    assert [item["line"] for item in source(orders, "1")["items"]] == [24, 49, 74, 99]
    orders.follow("INSERT INTO items VALUES (1000, 1, 0, 'first'), (1001, 1, NULL, 'last')")
    assert [item["sku"] for item in source(orders, "1")["items"]][::5] == ["first", "last"]
    orders.follow("UPDATE items SET sku = sku || '!' WHERE order_id = 1",
                  "UPDATE items SET line = 100 - line WHERE order_id = 1",
                  "UPDATE items SET pk = -pk WHERE order_id = 1",
                  "DELETE FROM items WHERE order_id = 1 AND line > 10",
                  "DELETE FROM items WHERE order_id = 1")
    assert source(orders, "1")["items"] == []
    orders.follow("INSERT INTO items VALUES (2000, 1, 1, 'again')")


def test_elements_move(orders):
    add_items(orders)
    orders.wait_until_equal()
    orders.follow(
        "UPDATE items SET order_id = 2 WHERE order_id = 1",
        "UPDATE items SET order_id = NULL WHERE order_id = 3",
        "UPDATE items SET order_id = 4 WHERE order_id IS NULL",
        "UPDATE items SET order_id = 11 - order_id WHERE order_id IN (5, 6)",
        "UPDATE items SET order_id = 777 WHERE order_id = 7",
        ["UPDATE items SET order_id = 8 WHERE order_id = 777",
         "UPDATE items SET order_id = 9 WHERE order_id = 8"],
        ["UPDATE items SET order_id = 10 WHERE order_id = 9",
         "DELETE FROM items WHERE order_id = 10"])
    assert source(orders, "1")["items"] == [] and source(orders, "7")["items"] == []


def test_no_element_twice_however_often_it_is_said(orders):
    """Tools that append to arrays show an element again after each replay."""
    add_items(orders)
    orders.wait_until_equal()
    for _ in range(3):
        orders.follow(["DELETE FROM items WHERE order_id = 1",
                       "INSERT INTO items SELECT 5000 + n, 1, n, 'x' FROM generate_series(1, 5) n"],
                      "UPDATE items SET sku = sku || '.' WHERE order_id = 1")
        orders.syncline.restart(kill=True)
    orders.wait_until_equal()
    assert len(source(orders, "1")["items"]) == 5


@pytest.mark.parametrize("kind, values", [
    ("text", "'b', 'B', 'a', 'ä', 'Z', '', '10', '9', '_', NULL"),
    ("varchar(20) COLLATE \"de-x-icu\"", "'b', 'B', 'a', 'ä', 'Z', '', '10', '9', '_', NULL"),
    ("citext", "'b', 'B', 'a', 'A', NULL"),
    ("numeric", "10, 9, 1.50, 1.5, -1, 'NaN', 12345678901234567890.5, NULL"),
    ("float8", "1e10, 2, -0.5, 'NaN', 'Infinity', '-Infinity', NULL"),
    ("boolean", "true, false, NULL"),
    ("date", "'2026-02-01', '2025-12-31', '12024-01-01', '0044-03-15 BC', 'infinity', NULL"),
    ("timestamptz", "'2026-02-01 00:00Z', '2026-02-01 00:00+02', NULL"),
    ("mood", "'high', 'low', 'middle', NULL"),
    ("uuid", "'6f1c7b52-50c0-4e57-9f6d-0f34ab9ee4d1', '00000000-0000-0000-0000-000000000000'"),
    ("interval", "'1 day', '23 hours', '1 month', NULL"),
])
def test_elements_are_ordered_as_their_column_orders(orders, kind, values):
    orders.run("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('low', 'middle', 'high')")
    orders.run(f"CREATE TABLE things (pk serial PRIMARY KEY, order_id int, k {kind})")
    for twice in range(2):  # ties go by primary key
        for value in values.split(", "):
            orders.run(f"INSERT INTO things (order_id, k) VALUES ({twice % 2 + 1}, {value}),"
                       f" (1, {value})")
    orders.add_job("things", [("pk", "number", "integer"), ("order_id", "order", "integer"), {
        "source_column": "k", "alias": "k", "type": "object", "params": {"enabled": False}}],
        id="order", **nested_in("things", "k"))
    orders.wait_until_equal()
    orders.follow("UPDATE things SET pk = 1000 - pk WHERE order_id = 1")


def test_several_nested_fields_on_one_index(orders):
    add_items(orders)
    orders.run("CREATE TABLE tags (order_id int, tag text, PRIMARY KEY (order_id, tag))")
    orders.run("INSERT INTO tags VALUES (1, 'b'), (1, 'B'), (3, 'x')")
    orders.add_job("tags", ["tag:keyword", "order_id:integer"], id="order_id",
                   **nested_in("tags", "tag"))
    orders.wait_until_equal()
    orders.follow("UPDATE tags SET order_id = 2 WHERE tag = 'b'", "DELETE FROM tags",
                  "DELETE FROM items WHERE order_id < 10")


# -- together ----------------------------------------------------------------------------------


def add_all(stage):
    add_shipments(stage)
    add_items(stage)
    stage.run("CREATE TABLE customers (id int PRIMARY KEY, city text)")
    stage.run("INSERT INTO customers SELECT n, 'city ' || n FROM generate_series(1, 7) n")
    stage.add_job("customers", ["city:keyword"], name="customers",
                  **property_of("id", "customer_id"))


def test_rows_without_a_document_make_none(orders):
    add_all(orders)
    orders.wait_until_equal()
    assert len(orders.found()) == 20
    orders.follow("INSERT INTO shipments VALUES (500, 500, 'ghost', 0)",
                  "INSERT INTO items VALUES (500, 500, 1, 'ghost'), (501, 500, 0, 'ghost')",
                  "UPDATE items SET sku = 'still a ghost' WHERE order_id = 500")
    assert "500" not in orders.found()
    orders.follow("INSERT INTO orders VALUES (500, 3, 'here')")
    assert [item["sku"] for item in source(orders, "500")["items"]] == ["still a ghost"] * 2
    orders.follow("DELETE FROM orders WHERE id = 500",
                  "UPDATE shipments SET carrier = 'late' WHERE order_id = 500",
                  "UPDATE orders SET id = 500 WHERE id = 1")
    assert "1" not in orders.found() and source(orders, "500")["shipment"]["carrier"] == "late"


def test_the_document_goes_and_comes_back_with_all_its_parts(orders):
    add_all(orders)
    orders.wait_until_equal()
    orders.follow(["DELETE FROM orders WHERE id = 1", "INSERT INTO orders VALUES (1, 6, 'back')"],
                  "DELETE FROM orders WHERE id = 1", "INSERT INTO orders VALUES (1, 2, 'again')",
                  "UPDATE orders SET id = id + 100 WHERE id BETWEEN 2 AND 5",
                  "UPDATE orders SET id = id - 100 WHERE id > 100",
                  "UPDATE orders SET customer_id = NULL WHERE id < 10")


@pytest.mark.parametrize("table", ["shipments", "items", "customers", "orders"])
def test_truncate(orders, table):
    add_all(orders)
    orders.wait_until_equal()
    saved = f"CREATE TABLE saved AS TABLE {table}"
    orders.follow(saved, f"TRUNCATE {table}", f"INSERT INTO {table} TABLE saved",
                  [f"TRUNCATE {table}", f"INSERT INTO {table} SELECT * FROM saved LIMIT 3"])
    assert len(orders.found()) == (3 if table == "orders" else 20)


def test_truncate_of_a_table_whose_rows_had_left_their_documents(orders):
    """No row is there to say which documents a TRUNCATE touches."""
    add_all(orders)
    orders.wait_until_equal()
    orders.run_together("UPDATE items SET order_id = NULL", "TRUNCATE items")
    orders.run_together("DELETE FROM shipments WHERE order_id < 10", "TRUNCATE shipments",
                        "INSERT INTO shipments VALUES (1, 19, 'fresh', 1)")
    orders.wait_until_equal()


def test_several_index_jobs_and_parts(orders):
    """A document stays while one index job has a row for it, with all its parts."""
    add_all(orders)
    orders.run("CREATE TABLE archive (id int PRIMARY KEY, status text, customer_id int)")
    orders.run("INSERT INTO archive SELECT n, 'archived', 7 FROM generate_series(15, 28) n")
    orders.add_job("archive", ["id:integer", "status:keyword", "customer_id:integer"],
                   name="zz-archive")
    orders.wait_until_equal()
    assert source(orders, "16")["city"] == "city 7" and source(orders, "28")["shipment"]
    orders.follow("DELETE FROM orders WHERE id IN (15, 16)",
                  "DELETE FROM archive WHERE id IN (16, 17, 28)",
                  "UPDATE archive SET customer_id = NULL WHERE id = 18",
                  "UPDATE archive SET id = 1 WHERE id = 20", "TRUNCATE archive")
    assert len(orders.found()) == 18


def test_lists_of_ids(running):
    running.run("CREATE TABLE parts (shop text, n int, name text, PRIMARY KEY (shop, n));"
                "CREATE TABLE stock (pk int PRIMARY KEY, shop text, n int, amount int);"
                "CREATE TABLE prices (shop text, n int, price numeric, PRIMARY KEY (n, shop))")
    running.run("INSERT INTO parts VALUES ('a_b', 1, 'x'), ('a', 1, 'y'), ('%', 2, 'z');"
                "INSERT INTO stock VALUES (1, 'a_b', 1, 5), (2, 'a_b', 1, 3), (3, 'a', NULL, 1),"
                " (4, 'a%5Fb', 1, 0); INSERT INTO prices VALUES ('a', 1, 2.50), ('b', 1, 1)")
    running.add_job("parts", ["shop:keyword", "n:integer", "name:text"], id=["shop", "n"])
    running.add_job("stock", [("shop", "in", "keyword"), "n:integer", "amount:integer"],
                    id=["in", "n"], **nested_in("stock", "amount"))
    running.add_job("prices", ["price:float", "n:integer", "shop:keyword"], id=["shop", "n"],
                    **object_in("price"))
    running.wait_until_equal()
    assert [entry["amount"] for entry in source(running, "a%5Fb_1")["stock"]] == [3, 5]
    running.follow("UPDATE stock SET n = 2, shop = '%' WHERE pk = 1",
                   "UPDATE stock SET n = 1 WHERE pk = 3", "UPDATE parts SET shop = 'b' WHERE n = 1"
                   " AND shop = 'a'", "UPDATE prices SET shop = '%' , n = 2 WHERE shop = 'b'")


@pytest.mark.parametrize("kind, refs", [
    ("text", "'1', '01', ' 2', '2 ', '3', '٣', '+4', '4.0', '5e0', NULL, '', 'x'"),
    ("numeric", "1, 1.0, 2.00, 3, 'NaN', NULL, 4e0, 12345678901234567890"),
    ("bigint", "1, 2, 9223372036854775807, -1, NULL"),
    ("float8", "1, 2.5, 'Infinity', 1e20, NULL, -0.0"),
    ("char(4)", "'1', '2 ', '03', NULL"),
])
def test_a_row_counts_only_where_the_text_of_its_id_is_the_documents(orders, kind, refs):
    """'007' is not document 7, and asking for document 7 must not fail in a column of text."""
    for table in ("refs", "parts"):
        orders.run(f"CREATE TABLE {table} (pk serial PRIMARY KEY, ref {kind}, v int)")
        for ref in refs.split(", "):
            orders.run(f"INSERT INTO {table} (ref, v) VALUES ({ref}, 1)")
    orders.add_job("refs", ["ref:keyword", "v:integer"], id="ref", **nested_in("refs", "v"))
    orders.add_job("parts", ["ref:keyword", "v:integer"], id="ref", **object_in("part"))
    orders.wait_until_equal()
    orders.follow("UPDATE refs SET v = v + 1", "UPDATE parts SET v = v + 1",
                  "UPDATE orders SET status = 'again'", "DELETE FROM refs")


def test_text_documents_with_rows_of_numbers(running):
    """The other way round: documents that no integer can name."""
    running.run("CREATE TABLE docs (id text PRIMARY KEY); CREATE TABLE parts (doc int);"
                "INSERT INTO docs VALUES ('1'), ('01'), ('x'), ('99999999999999999999'), ('1.0');"
                "INSERT INTO parts VALUES (1), (2)")
    running.add_job("docs", ["id:keyword"])
    running.add_job("parts", ["doc:integer"], id="doc", **object_in("part"))
    running.wait_until_equal()
    assert [key for key, value in running.found().items() if "part" in value] == ["1"]
    running.follow("UPDATE docs SET id = '2' WHERE id = 'x'", "UPDATE parts SET doc = 3 - doc",
                   "DELETE FROM parts")


# -- what makes a job fail ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["index", "object", "property"])
def test_a_contested_place_without_a_key_fails_the_job(orders, kind):
    orders.run("CREATE TABLE loose (ref int, v int)")
    orders.run("INSERT INTO loose VALUES (1, 1), (2, 2), (NULL, 3), (NULL, 4)")
    job = orders.add_job("loose", [("ref", "ref", "integer"), "v:integer"], id="ref", name="loose",
                         **{"index": {}, "object": object_in("loose"),
                            "property": property_of("ref", "customer_id")}[kind])
    orders.wait_until_equal()
    orders.run("INSERT INTO loose VALUES (1, 5)")
    orders.wait_state(job, "failed", "loose")
    orders.wait_state("orders", "waiting", "loose")
    orders.run("DELETE FROM loose WHERE v = 5")
    assert orders.api.put(f"/jobs/{job}", orders.jobs[job]).status_code == 200
    orders.run("UPDATE loose SET v = 9 WHERE ref = 1")
    orders.wait_state(job, "live")
    orders.wait_until_equal()


def test_elements_without_a_key_are_no_contest(orders):
    orders.run("CREATE TABLE loose (order_id int, v int)")
    orders.run("INSERT INTO loose VALUES (1, 1), (1, 2), (1, 3), (2, 2)")
    orders.add_job("loose", ["order_id:integer", "v:integer"], id="order_id",
                   **nested_in("loose", "v"))
    orders.wait_until_equal()
    orders.follow("UPDATE loose SET v = 7 - v", "INSERT INTO loose VALUES (2, 5)",
                  "UPDATE loose SET order_id = 3 WHERE order_id = 1")


def test_a_unique_key_decides_where_there_is_no_primary_key(orders):
    orders.run("CREATE TABLE loose (u int NOT NULL UNIQUE, ref int, v int)")
    orders.run("INSERT INTO loose VALUES (2, 1, 1), (10, 1, 2), (9, 1, 3), (5, 2, 4)")
    orders.add_job("loose", ["ref:integer", "v:integer"], id="ref", **object_in("loose"))
    orders.wait_until_equal()
    assert source(orders, "1")["loose"]["v"] == 2
    orders.follow("UPDATE loose SET u = 1 WHERE u = 10", "DELETE FROM loose WHERE u = 9")


def test_a_failed_job_holds_its_index_and_is_named(orders):
    add_all(orders)
    orders.wait_until_equal()
    orders.run("ALTER TABLE shipments RENAME COLUMN carrier TO hidden")
    orders.run("UPDATE orders SET status = 'meanwhile' WHERE id < 5")
    orders.wait_state("shipments", "failed", "carrier")
    for name in ("orders", "items", "customers"):
        orders.wait_state(name, "waiting", "shipments")
    orders.run("UPDATE items SET sku = 'meanwhile' WHERE order_id < 5")
    orders.run("ALTER TABLE shipments RENAME COLUMN hidden TO carrier")
    orders.run("UPDATE shipments SET carrier = 'back' WHERE order_id < 10")
    assert orders.api.put("/jobs/shipments", orders.jobs["shipments"]).status_code == 200
    orders.wait_state("shipments", "live")
    orders.wait_until_equal()

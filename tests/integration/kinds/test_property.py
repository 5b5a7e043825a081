"""What property jobs make true in an owned index: who equals whom, chains, and who is refused."""

import pytest
from stage import nested_in, object_in, property_of


@pytest.fixture
def orders(running):
    """Twenty orders of six customers, one of whom has no row."""
    running.run("CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text)")
    running.run("INSERT INTO orders SELECT n, nullif(n % 7, 0), 'new'"
                " FROM generate_series(1, 20) n")
    running.run("CREATE TABLE customers (pk int PRIMARY KEY, id int, city text, country text)")
    running.run("INSERT INTO customers SELECT n, n, 'city ' || n, 'de'"
                " FROM generate_series(1, 5) n")
    running.add_job("orders", ["id:integer", "customer_id:integer", "status:keyword"],
                    name="orders")
    return running


def add_customers(stage, *more):
    return stage.add_job("customers", ["city:keyword", *more], name="customers",
                         **property_of("id", "customer_id"))


def source(stage, identity):
    return stage.found()[identity]


def test_fields_come_change_and_go_with_the_row(orders):
    add_customers(orders, "country:keyword")
    orders.wait_until_equal()
    assert source(orders, "1")["city"] == "city 1" and "city" not in source(orders, "7")
    assert "city" not in source(orders, "6")
    orders.follow("UPDATE customers SET city = 'moved' WHERE id = 1",
                  "UPDATE customers SET city = NULL WHERE id = 2")
    assert source(orders, "2")["city"] is None
    orders.follow("INSERT INTO customers VALUES (6, 6, 'late', NULL)",
                  "DELETE FROM customers WHERE id = 3")
    assert source(orders, "6")["city"] == "late" and "city" not in source(orders, "3")
    orders.follow("TRUNCATE customers")
    assert "city" not in source(orders, "1")


def test_fields_come_change_and_go_with_the_document(orders):
    add_customers(orders)
    orders.wait_until_equal()
    orders.follow("INSERT INTO orders VALUES (100, 2, 'late')",
                  "UPDATE orders SET customer_id = 3 WHERE customer_id = 2",
                  "UPDATE orders SET customer_id = NULL WHERE customer_id = 4",
                  "UPDATE orders SET customer_id = 5 WHERE customer_id IS NULL",
                  "UPDATE orders SET customer_id = 999 WHERE id = 1",
                  ["UPDATE orders SET customer_id = 1 WHERE id = 1",
                   "UPDATE customers SET id = 999 WHERE id = 1"],
                  "DELETE FROM orders WHERE id > 10")


def test_the_compare_value_of_a_row_changes(orders):
    add_customers(orders)
    orders.wait_until_equal()
    orders.follow("UPDATE customers SET id = 6 WHERE id = 1")
    assert "city" not in source(orders, "1") and source(orders, "6")["city"] == "city 1"
    orders.follow("UPDATE customers SET id = NULL WHERE id = 6",
                  "UPDATE customers SET id = 7 - id WHERE id IN (2, 5)",
                  ["UPDATE customers SET id = 1 WHERE id = 3",
                   "UPDATE customers SET id = 6 WHERE id = 1"],
                  "UPDATE customers SET id = 3 WHERE id IS NULL")


def test_the_highest_primary_key_wins_the_value(orders):
    add_customers(orders)
    orders.wait_until_equal()
    orders.follow("INSERT INTO customers VALUES (10, 1, 'ten', ''), (9, 1, 'nine', '')")
    assert source(orders, "1")["city"] == "ten"
    orders.follow("UPDATE customers SET id = 2 WHERE pk = 10",
                  "UPDATE customers SET pk = 0 WHERE pk = 9",
                  "UPDATE customers SET pk = 20 WHERE pk = 0", "DELETE FROM customers WHERE pk > 8")
    assert source(orders, "1")["city"] == "city 1"


def test_null_equals_nothing(orders):
    orders.run("INSERT INTO customers VALUES (50, NULL, 'nowhere', NULL)")
    add_customers(orders)
    orders.wait_until_equal()
    assert "city" not in source(orders, "7")
    orders.follow("UPDATE customers SET city = 'still nowhere' WHERE id IS NULL")


def test_the_compare_column_is_never_written(orders):
    """Not even when it is mapped, by whatever alias."""
    orders.add_job("customers", [("id", "customer_key", "integer"), "city:keyword"],
                   **property_of("customer_key", "customer_id"))
    orders.wait_until_equal()
    assert "customer_key" not in source(orders, "1") and "city" in source(orders, "1")
    orders.run("CREATE TABLE scores (customer_id int PRIMARY KEY, score int)")
    orders.run("INSERT INTO scores VALUES (1, 5)")
    orders.add_job("scores", ["customer_id:integer", "score:integer"],
                   **property_of("customer_id", "customer_id"))
    orders.wait_until_equal()
    assert source(orders, "1")["score"] == 5
    orders.follow("DELETE FROM scores")
    assert source(orders, "1")["customer_id"] == 1


def test_several_properties_compare_one_field(orders):
    add_customers(orders)
    orders.run("CREATE TABLE scores (customer_id numeric PRIMARY KEY, score int)")
    orders.run("INSERT INTO scores VALUES (1.0, 5), (2.50, 6), (6, 7)")
    orders.add_job("scores", ["score:integer"], **property_of("customer_id", "customer_id"))
    orders.wait_until_equal()
    assert source(orders, "1")["score"] == 5
    orders.follow("UPDATE scores SET customer_id = 2.00 WHERE score = 6",
                  "UPDATE orders SET customer_id = 6 WHERE customer_id = 1",
                  "UPDATE orders SET customer_id = 1 WHERE customer_id = 2")


# -- chains ------------------------------------------------------------------------------------


def test_a_chain_of_properties(orders):
    """Orders know a customer, customers a country, countries an area, areas a manager."""
    orders.run("CREATE TABLE countries (code text PRIMARY KEY, rate numeric, area int);"
               "CREATE TABLE areas (area bigint PRIMARY KEY, manager text)")
    orders.run("INSERT INTO countries VALUES ('de', 19.0, 1), ('fr', 20, 2), ('it', 22, NULL);"
               "INSERT INTO areas VALUES (1, 'Ann'), (2, 'Bob')")
    add_customers(orders, "country:keyword")
    orders.add_job("countries", ["rate:float", "area:integer"], **property_of("code", "country"))
    orders.add_job("areas", ["manager:keyword"], **property_of("area", "area"))
    orders.wait_until_equal()
    assert source(orders, "1")["manager"] == "Ann"
    orders.follow("UPDATE customers SET country = 'fr' WHERE id = 1")
    assert source(orders, "1")["manager"] == "Bob"
    orders.follow("UPDATE areas SET manager = 'Cid' WHERE area = 2",
                  "UPDATE countries SET area = 2, rate = 1 WHERE code = 'de'",
                  "UPDATE orders SET customer_id = 2 WHERE customer_id = 1",
                  "UPDATE countries SET code = 'xx' WHERE code = 'de'",
                  "UPDATE customers SET country = 'xx' WHERE id = 2",
                  ["UPDATE orders SET customer_id = 3 WHERE id < 4",
                   "UPDATE customers SET country = 'it' WHERE id = 3",
                   "UPDATE countries SET area = 1 WHERE code = 'it'",
                   "UPDATE areas SET manager = 'Eve' WHERE area = 1"],
                  "DELETE FROM customers WHERE id = 3", "TRUNCATE countries")
    assert "manager" not in source(orders, "1")


def test_a_property_compares_a_field_of_an_object(orders):
    orders.run("CREATE TABLE shipments (pk int PRIMARY KEY, order_id int, carrier text);"
               "CREATE TABLE carriers (code text PRIMARY KEY, phone text)")
    orders.run("INSERT INTO shipments SELECT n, n, 'post' FROM generate_series(1, 9) n;"
               "INSERT INTO carriers VALUES ('post', '1'), ('bike', '2')")
    orders.add_job("shipments", ["order_id:integer", "carrier:keyword"], id="order_id",
                   **object_in("shipment"))
    orders.add_job("carriers", ["phone:keyword"], **property_of("code", "shipment.carrier"))
    orders.wait_until_equal()
    assert source(orders, "1")["phone"] == "1" and "phone" not in source(orders, "10")
    orders.follow("UPDATE shipments SET carrier = 'bike' WHERE order_id = 1",
                  "UPDATE shipments SET order_id = 10 WHERE order_id = 1",
                  "UPDATE carriers SET phone = '3' WHERE code = 'bike'",
                  "INSERT INTO shipments VALUES (100, 2, 'bike')",  # the higher key wins
                  "UPDATE shipments SET pk = 0 WHERE pk = 100",
                  "UPDATE carriers SET code = 'Post' WHERE code = 'post'",
                  "TRUNCATE shipments")


def test_a_property_compares_a_field_that_several_index_jobs_give(orders):
    """Only the last one's value is the document's; a change of any of them may matter."""
    orders.run("CREATE TABLE fixes (id int PRIMARY KEY, customer_id int)")
    orders.run("INSERT INTO fixes VALUES (1, 3), (2, NULL), (30, 4)")
    orders.add_job("fixes", ["id:integer", "customer_id:integer"], name="zz-fixes")
    add_customers(orders)
    orders.wait_until_equal()
    assert source(orders, "1")["city"] == "city 3" and "city" not in source(orders, "2")
    orders.follow("UPDATE customers SET city = 'one' WHERE id = 1",
                  "UPDATE customers SET city = 'three' WHERE id = 3",
                  "UPDATE fixes SET customer_id = 1 WHERE id = 1",
                  "UPDATE orders SET customer_id = 5 WHERE id = 1",
                  "DELETE FROM fixes WHERE id = 1", "DELETE FROM fixes WHERE id = 2",
                  "UPDATE customers SET city = 'five' WHERE id = 5")


# -- what equals what --------------------------------------------------------------------------

SAME_TYPE = {
    "citext": "'A', 'a', 'B', 'ß', 'SS', NULL",
    "char(5)": "'a', 'A', 'ab  ', 'abcde'",
    "uuid": "'6f1c7b52-50c0-4e57-9f6d-0f34ab9ee4d1', NULL",
    "mood": "'low', 'high'",
    "boolean": "true, false, NULL",
    "date": "'2026-01-02', '0044-03-15 BC', '12024-01-01', 'infinity'",
    "timestamptz": "'2026-01-02 03:04:05.678+02', '2026-01-02 03:04:05Z'",
    "timestamp": "'2026-01-02 03:04:05.6', 'infinity'",
    "interval": "'1 day', '24:00:00', '1 month', '30 days'",
    "time": "'03:04:05', '24:00:00'",
    "float8": "0.1, 0.30000000000000004, 1e300, -0.0, 0, 'NaN', 'Infinity'",
    "float4": "0.1, 16777216",
    "numeric": "1, 1.0, 1.00, 0.1, 'NaN', 123456789012345678901234567890.12, -0.0, 0, 1e3",
    "inet": "'10.0.0.1', '10.0.0.1/24', '::1'",
    "bytea": r"'\x00ff', '\x', '\x41'",
    "positive": "1, 2",
    "text": "'', 'a', 'A', ' a', 'a ', 'null', 'NULL', '{}', '[1]', E'a\\nb\\t\\\\', '\"', "
            "'ä', E'a\\u0308', '1', '01', repeat('x',300)",
}
MIXED = [
    ("int", "1, 2, 3", "numeric", "1.0, 2.50, 3.000"),
    ("numeric", "1.0, 2.50, 16777217, 9007199254740993",
     "float8", "1, 2.5, 16777217, 9007199254740992"),
    ("bigint", "1, 9007199254740993", "smallint", "1, 2"),
    ("float4", "0.1, 0.5", "float8", "0.1, 0.5"),
    ("citext", "'A', 'a', 'b'", "text", "'a', 'b'"),
    ("char(6)", "'ab', 'c '", "text", "'ab', 'ab    ', 'c'"),
    ("text", "'ab', 'ab '", "varchar(9)", "'ab', 'ab '"),
    ("text", "'6f1c7b52-50c0-4e57-9f6d-0f34ab9ee4d1', '6F1C7B52-50C0-4E57-9F6D-0F34AB9EE4D1', 'x'",
     "uuid", "'6f1c7b52-50c0-4e57-9f6d-0f34ab9ee4d1'"),
    ("text", "'low', 'LOW', 'else'", "mood", "'low'"),
    ("positive", "1, 2", "int", "1"),
    ("date", "'2026-01-02'", "timestamp", "'2026-01-02', '2026-01-02 00:00:01'"),
]


@pytest.mark.parametrize("left, lefts, right, rights", [
    *((kind, values, kind, values) for kind, values in SAME_TYPE.items()), *MIXED],
    ids=lambda value: value if len(value) < 12 and "'" not in value else "")
def test_equal_means_equal_as_json(running, left, lefts, right, rights):
    running.run("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('low', 'high');"
                "CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    running.run(f"CREATE TABLE a (id serial PRIMARY KEY, k {left});"
                f"CREATE TABLE b (pk serial PRIMARY KEY, k {right}, v int)")
    for value in lefts.split(", "):
        running.run(f"INSERT INTO a (k) VALUES ({value})")
    for value in rights.split(", "):
        running.run(f"INSERT INTO b (k, v) VALUES ({value}, 1)")
    opaque = {"source_column": "k", "alias": "k", "type": "object", "params": {"enabled": False}}
    running.add_job("a", ["id:integer", opaque], name="a-documents")
    running.add_job("b", ["v:integer"], name="b-property", **property_of("k", "k"))
    running.wait_until_equal()
    strange = running.connect()
    strange.cursor().execute(
        "SET datestyle = 'German'; SET timezone = 'America/St_Johns'; SET bytea_output = 'escape';"
        " SET intervalstyle = 'postgres_verbose'; SET extra_float_digits = -5")
    for statement in ("UPDATE b SET v = 10 + pk", "UPDATE a SET k = NULL WHERE id % 2 = 0",
                      "UPDATE b SET pk = 100 - pk",
                      "UPDATE a SET k = (SELECT k FROM a ORDER BY id LIMIT 1) WHERE k IS NULL",
                      "DELETE FROM b WHERE pk % 2 = 0", "DELETE FROM b"):
        strange.cursor().execute(statement)
        running.wait_until_equal()
    strange.close()


def test_compare_values_that_no_btree_takes(running):
    """An index entry of PostgreSQL ends at 2,700 bytes; a compare value need not."""
    running.run("CREATE TABLE a (id int PRIMARY KEY, k text); CREATE TABLE b (pk int PRIMARY KEY,"
                " k text, v int)")
    running.run("INSERT INTO a SELECT n, (SELECT string_agg(md5(i::text || n % 2), '')"
                " FROM generate_series(1, 400) i) FROM generate_series(1, 4) n")
    running.run("INSERT INTO b SELECT id, k, id FROM a WHERE id < 3")
    running.add_job("a", ["id:integer", {"source_column": "k", "alias": "k", "type": "text",
                                         "params": {"index": False, "fields": {}}}])
    running.add_job("b", ["v:integer"], **property_of("k", "k"))
    running.wait_until_equal()
    running.follow("UPDATE b SET v = v + 10", "UPDATE a SET k = k || '.' WHERE id = 1",
                   "DELETE FROM b WHERE pk = 2")


# -- what makes the job fail -------------------------------------------------------------------


@pytest.mark.parametrize("left, right", [
    ("int", "text"), ("text", "int"), ("boolean", "int"), ("date", "text"), ("timestamp", "int"),
    ("uuid", "numeric"), ("int[]", "int"), ("int", "int[]"), ("text[]", "text[]")])
def test_columns_of_different_families_fail_the_job(running, left, right):
    running.run(f"CREATE TABLE a (id int PRIMARY KEY, k {left});"
                f"CREATE TABLE b (pk int PRIMARY KEY, k {right}, v int)")
    running.add_job("a", ["id:integer", "k:keyword"], name="documents")
    running.wait_until_equal()
    job = running.add_job("b", ["v:integer"], name="property", **property_of("k", "k"))
    running.wait_state(job, "failed", "k")
    running.wait_state("documents", "waiting", "property")
    running.delete_job(job)
    running.wait_state("documents", "live")
    running.wait_until_equal()


@pytest.mark.parametrize("path", ["data.city", "data", "id.city", "items.sku", "items"])
def test_a_path_into_what_has_no_columns_fails_the_job(running, path):
    running.run("CREATE TABLE a (id int PRIMARY KEY, data jsonb);"
                "CREATE TABLE items (pk int PRIMARY KEY, id int, sku text);"
                "CREATE TABLE b (city text PRIMARY KEY, v int)")
    running.run("""INSERT INTO a VALUES (1, '{"city": "Bonn"}')""")
    running.add_job("a", ["id:integer", "data:object"], name="documents")
    running.add_job("items", ["pk:integer", "id:integer", "sku:keyword"],
                    **nested_in("items", "pk"))
    body = running.job_body("b", ["v:integer"], name="property", **property_of("city", path))
    running.create_job(body)
    running.wait_state("property", "failed", path.partition(".")[0])
    running.wait_state("documents", "waiting", "property")


def test_a_compare_target_that_is_lost_equals_nothing(orders):
    """Whoever gave the field is gone, unless that was refused; and comes back."""
    add_customers(orders, "country:keyword")
    orders.run("CREATE TABLE vat_rates (country text PRIMARY KEY, rate numeric)")
    orders.run("INSERT INTO vat_rates VALUES ('de', 19.0)")
    orders.add_job("vat_rates", ["rate:float"], name="vat-rates",
                   **property_of("country", "country"))
    orders.wait_until_equal()
    if orders.api.delete("/jobs/customers").status_code == 400:
        return
    customers = orders.jobs.pop("customers")
    orders.wait_until_equal()
    assert "rate" not in source(orders, "1")
    orders.run("UPDATE customers SET country = 'fr' WHERE id = 2")
    orders.create_job(customers)
    orders.wait_until_equal()
    assert "rate" in source(orders, "1")


def test_a_family_changes_while_live(orders):
    add_customers(orders)
    orders.wait_until_equal()
    orders.run("ALTER TABLE customers ALTER COLUMN id TYPE text")
    orders.run("UPDATE customers SET city = 'between' WHERE id = '2'")
    orders.wait_state("customers", "failed", "customer_id")
    orders.wait_state("orders", "waiting", "customers")
    orders.run("ALTER TABLE customers ALTER COLUMN id TYPE numeric USING id::numeric")
    orders.run("UPDATE customers SET city = 'after' WHERE id = 1")
    assert orders.api.put("/jobs/customers", orders.jobs["customers"]).status_code == 200
    orders.wait_state("customers", "live")
    orders.wait_until_equal()


def test_properties_and_nested_do_not_touch_each_other(orders):
    orders.run("CREATE TABLE items (pk int PRIMARY KEY, order_id int, customer_id int)")
    orders.run("INSERT INTO items SELECT n, n % 20, n % 5 FROM generate_series(1, 40) n")
    add_customers(orders)
    orders.add_job("items", ["pk:integer", "order_id:integer", "customer_id:integer"],
                   id="order_id", **nested_in("items", "pk"))
    orders.wait_until_equal()
    orders.follow("UPDATE items SET customer_id = 5", "UPDATE customers SET city = 'x'")

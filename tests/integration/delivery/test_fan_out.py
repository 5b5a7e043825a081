"""One row that many documents show. While it is carried to all of them, nothing else may wait,
memory stays bounded, and a crash forgets nothing.

SYNCLINE_FAN_OUT: how many documents (40,000; the promise is for 1,000,000).
SYNCLINE_READABLE_S: how long a single change may take meanwhile (3; the promise is 1).
SYNCLINE_SANITIZED: set where the binary is built with sanitizers, whose memory is no measure.
"""

import os
import time

import pytest
from common import wait_for
from stage import nested_in, object_in, property_of

DOCUMENTS = int(os.environ.get("SYNCLINE_FAN_OUT", "40000"))
OTHERS = 2000
# The promise is one second; unoptimised, on two cores that two servers share, it is not kept.
READABLE_S_MAX = float(os.environ.get("SYNCLINE_READABLE_S", "3"))
# A machine that two servers share carries some thousand documents a second.
TIMEOUT_S = 60 + DOCUMENTS / 1000


@pytest.fixture
def big(stage):
    """Everybody but 2,000 orders belongs to customer 1, who lives in a country with a rate."""
    stage.run("CREATE TABLE customers (id int PRIMARY KEY, name text, country text);"
              "CREATE TABLE vat_rates (pk serial PRIMARY KEY, country text, rate numeric);"
              "CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text);"
              "CREATE INDEX ON orders (customer_id);"
              "CREATE TABLE items (pk serial PRIMARY KEY, order_id int, sku text);"
              "CREATE INDEX ON items (order_id);"
              "CREATE TABLE shipments (order_id int PRIMARY KEY, carrier text)")
    stage.run("INSERT INTO customers SELECT n, 'name ' || n, CASE n WHEN 1 THEN 'de' END"
              " FROM generate_series(1, 50) n;"
              "INSERT INTO vat_rates (country, rate) VALUES ('de', 19), ('fr', 20)")
    stage.run("INSERT INTO orders SELECT n, CASE WHEN n > %s THEN 1 ELSE 2 + n %% 40 END, 'new'"
              " FROM generate_series(1, %s) n", (OTHERS, OTHERS + DOCUMENTS))
    stage.run("INSERT INTO items (order_id, sku) SELECT n, 'sku' FROM generate_series(1, 3000) n")
    stage.run("ANALYZE")
    stage.start()
    stage.add_job("orders", ["id:integer", "customer_id:integer", "status:keyword"], name="orders")
    stage.add_job("customers", [("name", "customer", "keyword"), "country:keyword"],
                  name="customers", **property_of("id", "customer_id"))
    stage.add_job("vat_rates", ["rate:float"], name="vat-rates",
                  **property_of("country", "country"))
    stage.add_job("items", ["pk:integer", "order_id:integer", "sku:keyword"], id="order_id",
                  name="items", **nested_in("items", "pk"))
    stage.add_job("shipments", ["order_id:integer", "carrier:keyword"], id="order_id",
                  name="shipments", **object_in("shipment"))
    stage.wait_until_equal(TIMEOUT_S)
    yield stage
    stage.syncline.assert_memory()


class Reader:
    """Documents by id, as users read them."""

    def __init__(self, stage):
        self.url = f"{stage.opensearch.url}/{stage.index()}"
        self.session = stage.opensearch.session()

    def source(self, identity):
        return self.session.get(f"{self.url}/_doc/{identity}").json()["_source"]

    def count(self, field, value):
        """How many documents have it by now."""
        self.session.post(f"{self.url}/_refresh")
        answer = self.session.post(f"{self.url}/_count",
                                   json={"query": {"term": {field: value}}})
        return answer.json()["count"]


def lag(stage, job="customers"):
    return stage.api.status(job)["lag"]["changes"]


def is_done(stage, job="customers"):
    status = stage.api.status(job)  # both of one moment
    return status["state"] == "live" and status["lag"]["changes"] == 0


def single_changes(stage, reader, unfinished, step_of):
    """Changes other orders one by one until nothing is unfinished; the delays until readable."""
    delays = []
    while unfinished():
        number = len(delays)
        statement, identity, shows = step_of(number)
        stage.run(statement)
        start = time.monotonic()
        wait_for(lambda: shows(reader.source(identity)), 60, f"change {number} is readable", 0.005)
        delays.append(time.monotonic() - start)
    return delays


def order_step(number):
    value = f"single {number}"
    return (f"UPDATE orders SET status = '{value}' WHERE id = {1 + number % OTHERS}",
            1 + number % OTHERS, lambda source: source["status"] == value)


def item_step(number):
    value = f"single {number}"
    return (f"UPDATE items SET sku = '{value}' WHERE order_id = {1 + number % OTHERS}",
            1 + number % OTHERS, lambda source: source["items"][0]["sku"] == value)


def customer_step(number):
    """A small fan-out beside the large one: fifty orders."""
    value = f"single {number}"
    return (f"UPDATE customers SET name = '{value}' WHERE id = 5", 3,
            lambda source: source["customer"] == value)


STEPS = {"order": order_step, "item": item_step, "customer": customer_step}


@pytest.mark.parametrize("step", STEPS)
def test_single_changes_do_not_wait_for_a_fan_out(big, step):
    reader = Reader(big)
    big.run("UPDATE customers SET name = 'everywhere' WHERE id = 1")
    last = OTHERS + DOCUMENTS

    def unfinished():
        """By the lag, which may not say so before the documents do."""
        if lag(big) > 0:
            return True
        assert reader.count("customer", "everywhere") == DOCUMENTS
        return False
    wait_for(lambda: reader.count("customer", "everywhere") > 0, 60, "the fan-out has begun", 0.01)
    delays = single_changes(big, reader, unfinished, STEPS[step])
    assert len(delays) >= 3, "the fan-out was over too soon to tell: raise SYNCLINE_FAN_OUT"
    assert max(delays) < READABLE_S_MAX, f"{sorted(delays)[-5:]} of {len(delays)}"
    big.wait_until_equal(TIMEOUT_S)
    assert reader.source(last)["customer"] == "everywhere"


def test_a_fan_out_through_a_chain(big):
    """The rate of a country reaches the orders by way of the customer who lives there."""
    reader = Reader(big)
    big.run("UPDATE vat_rates SET rate = 21.5 WHERE country = 'de'")
    wait_for(lambda: reader.count("rate", 21.5) > 0, 60, "the fan-out has begun", 0.01)

    def unfinished():
        return lag(big, "vat-rates") > 0
    delays = single_changes(big, reader, unfinished, order_step)
    assert delays and max(delays) < READABLE_S_MAX, f"{sorted(delays)[-5:]} of {len(delays)}"
    assert reader.count("rate", 21.5) == DOCUMENTS
    big.wait_until_equal(TIMEOUT_S)


def test_a_fan_out_changes_on_its_way(big):
    """What was carried half way is overtaken: every document ends with the last value."""
    reader = Reader(big)
    for number in range(3):
        big.run("UPDATE customers SET name = %s WHERE id = 1", (f"name {number}",))
        wait_for(lambda: reader.count("customer", f"name {number}") > DOCUMENTS // 20, 60,
                 "the fan-out has begun", 0.01)
    big.run("UPDATE customers SET country = 'fr' WHERE id = 1")
    big.run("UPDATE orders SET customer_id = 3 WHERE id % 10 = 0")
    big.run("DELETE FROM orders WHERE id % 10 = 1")
    big.run("UPDATE orders SET id = -id WHERE id % 10 = 2")
    big.run("UPDATE customers SET name = 'last' WHERE id = 1")
    big.wait_until_equal(2 * TIMEOUT_S)


@pytest.mark.parametrize("kill", [True, False])
def test_a_stop_in_the_middle_of_a_fan_out_forgets_nothing(big, kill):
    reader = Reader(big)
    big.run("UPDATE customers SET name = 'before', country = 'fr' WHERE id = 1")
    wait_for(lambda: reader.count("customer", "before") > DOCUMENTS // 3, TIMEOUT_S,
             "a third is done", 0.02)
    big.syncline.assert_memory()
    big.syncline.kill() if kill else big.syncline.stop()
    assert reader.count("customer", "before") < DOCUMENTS
    big.run("UPDATE orders SET status = 'dead' WHERE id % 500 = 0")
    big.syncline.start()
    wait_for(lambda: is_done(big), TIMEOUT_S, "it is finished")
    assert reader.count("customer", "before") == DOCUMENTS
    big.wait_until_equal(TIMEOUT_S)


def test_a_fan_out_does_not_stop_at_an_outage(big):
    reader = Reader(big)
    big.run("UPDATE customers SET name = 'outage' WHERE id = 1")
    wait_for(lambda: reader.count("customer", "outage") > DOCUMENTS // 4, TIMEOUT_S,
             "a quarter is done", 0.02)
    big.postgres.restart(immediate=True)
    big.wait_until_equal(TIMEOUT_S)
    assert reader.count("customer", "outage") == DOCUMENTS


def test_the_row_goes(big):
    big.run("DELETE FROM customers WHERE id = 1")
    big.wait_until_equal(TIMEOUT_S)
    big.run("INSERT INTO customers VALUES (1, 'back', 'fr')")
    big.wait_until_equal(TIMEOUT_S)
    big.run("TRUNCATE customers")
    big.wait_until_equal(TIMEOUT_S)
    assert Reader(big).count("customer", "back") == 0

"""./dev demo [--once]: a shop in PostgreSQL, a real OpenSearch, and Syncline between them.

Everything runs on this machine, below one temporary folder, and is gone afterwards.
--once ends by itself; otherwise all keeps running, to be played with, until Ctrl-C.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import statistics
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "servers"))
import common  # noqa: E402
import psycopg2  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import PostgresServer  # noqa: E402

BINARY = pathlib.Path(os.environ.get("SYNCLINE_BINARY") or ROOT / "build" / "release" / "syncline")
ORDERS = 100_000
MEASURED = 200
READABLE_S = 30

CUSTOMERS = 1_000

SHOP = f"""
CREATE TABLE customers (
    id integer PRIMARY KEY, name text NOT NULL, city text NOT NULL);
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers,
    amount numeric(12,2) NOT NULL, status text NOT NULL, placed_at timestamptz NOT NULL);
CREATE TABLE shipments (
    id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    carrier text NOT NULL, tracking text NOT NULL);
CREATE TABLE items (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, line integer NOT NULL,
    product text NOT NULL, quantity integer NOT NULL, PRIMARY KEY (order_id, line));
INSERT INTO customers
SELECT n, (ARRAY['Ada','Grace','Edsger','Barbara','Donald','Frances','Niklaus','Hedy'])[1 + n % 8]
           || ' ' || (ARRAY['Smith','García','Müller','Tanaka','Okafor'])[1 + n / 8 % 5],
       (ARRAY['Oslo','Lagos','Quito','Kyoto'])[1 + n % 4]
FROM generate_series(1, {CUSTOMERS}) AS n;
INSERT INTO orders
SELECT n, 1 + n % {CUSTOMERS}, round((10 + n % 900 + n % 100 / 100.0)::numeric, 2),
       (ARRAY['new','paid','packed','shipped'])[1 + n % 4],
       timestamptz '2026-01-01 00:00:00Z' + n * interval '3 minutes'
FROM generate_series(1, {ORDERS}) AS n;
INSERT INTO shipments
SELECT n, n, (ARRAY['Hermes','Iris'])[1 + n % 2], 'T-' || n
FROM generate_series(1, {ORDERS}) AS n WHERE n % 2 = 1;
INSERT INTO items
SELECT n, line, (ARRAY['lamp','desk','chair','shelf','rug','clock','mirror'])[1 + (n + line) % 7],
       1 + n % 5
FROM generate_series(1, {ORDERS}) AS n, generate_series(1, 3) AS line;
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON shipments (order_id);
ANALYZE;
"""


def job(name, table, fields, **target):
    """A job's body; fields: {alias: (column, type)}."""
    return {"name": name,
            "source": {"name": "shop", "table_name": table,
                       "columns": [column for column, _ in fields.values()]},
            "target": {"name": "search", "index": "orders", **target,
                       "mappings": [{"source_column": column, "alias": alias, "type": kind}
                                    for alias, (column, kind) in fields.items()]}}


JOBS = [
    job("orders", "orders",
        {"id": ("id", "integer"), "customer_id": ("customer_id", "integer"),
         "amount": ("amount", "float"), "status": ("status", "keyword"),
         "placed_at": ("placed_at", "date")}, type="index", id="id"),
    job("customers", "customers",
        {"key": ("id", "integer"), "customer": ("name", "text"), "city": ("city", "keyword")},
        type="property", property={"compare": {"source": "id", "target": "customer_id"}}),
    job("shipments", "shipments",
        {"order": ("order_id", "integer"), "carrier": ("carrier", "keyword"),
         "tracking": ("tracking", "keyword")},
        type="object", id="order", object={"name": "shipment"}),
    job("items", "items",
        {"order": ("order_id", "integer"), "line": ("line", "integer"),
         "product": ("product", "keyword"), "quantity": ("quantity", "integer")},
        type="nested", id="order", nested={"name": "items", "id": "line"}),
]


def say(text=""):
    print(text, flush=True)


class Rest:
    """Syncline's REST on one port."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        question = urllib.request.Request(self.url + path, data, method=method,
                                          headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(question, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")


class Index:
    """Documents by id over one kept connection, so that its making is not measured."""

    def __init__(self, port, name):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.name = name

    def get(self, identity):
        """The document's _source, or None."""
        self.connection.request("GET", f"/{self.name}/_doc/{identity}")
        answer = json.loads(self.connection.getresponse().read())
        return answer.get("_source") if answer.get("found") else None

    def time_until(self, condition, identity):
        """Milliseconds until condition(document), and the document."""
        begin = time.perf_counter()
        while True:
            document = self.get(identity)
            elapsed = time.perf_counter() - begin
            if condition(document):
                return elapsed * 1000, document
            if elapsed > READABLE_S:
                sys.exit(f"document {identity} did not follow within {READABLE_S} s: {document}")


class Demo:
    def __init__(self, stack, folder):
        self.stack = stack
        self.folder = folder
        self.port = common.free_port()
        self.rest = Rest(self.port)

    def start_servers(self):
        say("Starting a private PostgreSQL ...")
        self.database = PostgresServer(self.folder / "postgres", fsync=True, password="demo")
        self.stack.callback(self.database.stop)
        self.database.create().start()
        say(f"Filling it with a shop of {ORDERS:,} orders ...")
        self.session = psycopg2.connect(**self.database.connection_parameters())
        self.stack.callback(self.session.close)
        self.session.autocommit = True
        self.sql(SHOP)
        say("Starting a real OpenSearch (its first start fetches it) ...")
        self.cluster = OpenSearchServer(self.folder / "opensearch")
        self.stack.callback(self.cluster.stop)
        self.cluster.start()
        self.index = Index(self.cluster.port, "orders")

    def start_syncline(self):
        say("Starting Syncline ...")
        log = self.folder / "syncline.log"
        process = common.spawn([str(BINARY), "serve", "--data-dir", str(self.folder / "syncline"),
                                "--port", str(self.port)], log)
        self.stack.callback(common.end, process)

        def answers():
            if process.poll() is not None:
                raise common.ServerFailed("Syncline ended:\n" + common.tail(log))
            with urllib.request.urlopen(self.rest.url + "/health/live", timeout=5) as answer:
                return answer.status == 200
        common.wait_for(answers, 30, "Syncline answers")

    def create_jobs(self):
        say("Telling it over REST about the database, the cluster, and what goes where:")
        self.rest.call("POST", "/sources", {
            "name": "shop", "config": self.database.source_config("postgres")})
        self.rest.call("POST", "/targets", {
            "name": "search", "api": {"url": "http://127.0.0.1", "port": self.cluster.port}})
        for body in JOBS:
            target = body["target"]
            say(f"    POST /jobs   table {body['source']['table_name']:<10} as {target['type']}"
                + "".join(f" {json.dumps(target[part])}"
                          for part in ("object", "nested", "property") if part in target))
            self.rest.call("POST", "/jobs", body)

    def show_loading(self):
        begin = time.monotonic()
        while True:
            states = [self.rest.call("GET", f"/jobs/{body['name']}/status") for body in JOBS]
            failed = [status for status in states if status["state"] == "failed"]
            if failed:
                sys.exit(f"\nthe job failed: {failed[0]['error']['message']}")
            orders = states[0]
            done = orders["load"]["rows_done"]
            total = max(orders["load"]["rows_estimate"] or ORDERS, done, 1)
            bar = ("#" * (30 * done // total)).ljust(30)
            line = f"    {orders['state']:<9} [{bar}] {done:>9,} documents"
            print(("\r" if sys.stdout.isatty() else "") + line, flush=True,
                  end="" if sys.stdout.isatty() else "\n")
            if all(status["state"] == "live" and status["lag"]["changes"] == 0
                   for status in states):
                break
            time.sleep(0.1 if sys.stdout.isatty() else 0.5)
        seconds = time.monotonic() - begin
        say(f"\n    every row of four tables is in the index after {seconds:.1f} s"
            f" ({ORDERS / seconds:,.0f} whole documents a second)\n")

    def sql(self, statement, parameters=None):
        with self.session.cursor() as cursor:
            cursor.execute(statement, parameters)

    def show_change(self, title, statement, identity, condition):
        before = self.index.get(identity)
        say(f"{title}\n    {statement}")
        self.sql(statement)  # committed when it returns
        elapsed_ms, after = self.index.time_until(condition, identity)
        say(f"    before: {shown(before)}\n    after:  {shown(after)}")
        say(f"    readable in the index {elapsed_ms:.1f} ms after the commit\n")

    def show_changes(self):
        new = ORDERS + 1
        self.show_change(
            "A new order (documents):",
            f"INSERT INTO orders VALUES ({new}, 1, 0.50, 'new', now())",
            new, lambda document: document is not None)
        self.show_change(
            "Something is put into it (nested):",
            f"INSERT INTO items VALUES ({new}, 1, 'apple', 2)",
            new, lambda document: len(document["items"]) == 1)
        self.show_change(
            "It is sent (object):",
            f"INSERT INTO shipments VALUES ({new}, {new}, 'Iris', 'T-{new}')",
            new, lambda document: "shipment" in document)
        self.show_change(
            "Its customer moves, and with her all of her orders (property):",
            "UPDATE customers SET city = 'Cairo' WHERE id = 1",
            new, lambda document: document["city"] == "Cairo")
        self.show_change(
            "The order goes, with all that belongs to it:",
            f"DELETE FROM orders WHERE id = {new}", new, lambda document: document is None)

    def measure(self):
        say(f"{MEASURED} updates, one after the other, each timed from commit to readable:")
        times = []
        for number in range(1, MEASURED + 1):
            mark = f"measured {number}"
            self.sql("UPDATE orders SET status = %s WHERE id = %s", (mark, number))
            times.append(self.index.time_until(
                lambda document: document["status"] == mark, number)[0])
        times.sort()
        say(f"    median {statistics.median(times):.1f} ms, "
            f"99 of 100 within {times[int(len(times) * 0.99) - 1]:.1f} ms, "
            f"slowest {times[-1]:.1f} ms\n")

    def say_what_next(self):
        postgres = self.database
        dsn = f"postgresql://{postgres.user}:{postgres.password}@127.0.0.1:{postgres.port}/postgres"
        say("All of it keeps running. Try, in another terminal:")
        say(f"    psql {dsn}\n        UPDATE customers SET name = 'me' WHERE id = 2;")
        say(f"    curl -s {self.cluster.url}/orders/_doc/1?pretty")
        say(f"    curl -s {self.cluster.url}/orders/_search?q=customer:me'&'pretty")
        say(f"    curl -s {self.rest.url}/jobs/orders/status")
        say(f"    curl -s -X POST {self.rest.url}/jobs/orders/resync")
        say(f"    less {self.folder / 'syncline.log'}")
        say("Ctrl-C ends and removes everything.")


def shown(document):
    if document is None:
        return "(no document)"
    shipment = document.get("shipment")
    parts = [f"{document['status']}, {document['amount']} for {document.get('customer')}"
             f" in {document.get('city')}",
             "items " + (", ".join(f"{item['quantity']} {item['product']}"
                                   for item in document["items"]) or "none"),
             f"sent by {shipment['carrier']}" if shipment else "not sent"]
    return "; ".join(parts)


def on_signal(number, _frame):
    # Once is enough: cleaning up is not to be cut short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def show(demo, once):
    demo.start_servers()
    demo.start_syncline()
    demo.create_jobs()
    demo.show_loading()
    demo.show_changes()
    demo.measure()
    if not once:
        demo.say_what_next()
        while True:
            signal.pause()


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end by itself")
    once = parser.parse_args().once
    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    folder = common.scratch("demo")
    try:
        with contextlib.ExitStack() as stack:
            try:
                show(Demo(stack, folder), once)
            finally:
                say("\nStopping; the servers and their data are being removed ...")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

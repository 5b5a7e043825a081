"""Loading: a flat table, and orders with all kinds, beside raw bulk replays of the same bodies."""

import http.client
import json
import statistics
import threading
import time

from house import Cost, House
from sink import Sink

FLAT = {"id": "integer", "customer": "integer", "status": "keyword", "title": "text",
        "amount": "double", "quantity": "integer", "paid": "boolean", "created_at": "date",
        "due": "date", "note": "text", "ratio": "double"}
FLAT_TABLE = """
CREATE TABLE flat (
  id int PRIMARY KEY, customer int, status text, title text, amount numeric(10,2), quantity int,
  paid boolean, created_at timestamptz, due date, note text, ratio double precision);
INSERT INTO flat SELECT n, n % 5000, (ARRAY['new','paid','sent','done'])[1 + n % 4],
  'order number ' || n || ' of the shop', n % 100000 / 100.0, n % 17, n % 2 = 0,
  timestamptz '2026-01-01' + n * interval '1 second', date '2026-01-01' + n % 365,
  'left at the door, line ' || n % 1000, n / 7.0 FROM generate_series(1, {rows}) n;
VACUUM ANALYZE flat"""
SHOP_TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, name text, city text);
INSERT INTO customers SELECT n, 'customer ' || n, 'city ' || n % 100
  FROM generate_series(1, {customers}) n;
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, status text, total numeric(10,2),
  created_at timestamptz);
INSERT INTO orders SELECT n, 1 + n % {customers}, (ARRAY['new','paid','sent','done'])[1 + n % 4],
  n % 100000 / 100.0, timestamptz '2026-01-01' + n * interval '1 second'
  FROM generate_series(1, {orders}) n;
CREATE TABLE shipments (order_id int PRIMARY KEY, carrier text, sent_at date);
INSERT INTO shipments SELECT n, 'carrier ' || n % 5, date '2026-01-01' + n % 365
  FROM generate_series(1, {orders}) n;
CREATE TABLE items (id int PRIMARY KEY, order_id int, sku text, quantity int, price numeric(10,2));
INSERT INTO items SELECT n, 1 + n % {orders}, 'sku-' || n % 1000, n % 9, n % 10000 / 100.0
  FROM generate_series(1, 3 * {orders}) n;
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON items (order_id);
VACUUM ANALYZE customers;
VACUUM ANALYZE orders;
VACUUM ANALYZE shipments;
VACUUM ANALYZE items"""
SHOP = ("orders", "shipments", "items", "customers")
BODY_BYTES = 8 << 20


def add_shop_jobs(house, index, target="search", kinds=SHOP):
    """The jobs that make one index of orders; their names."""
    jobs = {
        "orders": ({"id": "integer", "customer_id": "integer", "status": "keyword",
                    "total": "double", "created_at": "date"}, {"type": "index", "id": "id"}),
        "shipments": ({"order_id": "integer", "carrier": "keyword", "sent_at": "date"},
                      {"type": "object", "id": "order_id", "object": {"name": "shipment"}}),
        "items": ({"id": "integer", "order_id": "integer", "sku": "keyword",
                   "quantity": "integer", "price": "double"},
                  {"type": "nested", "id": "order_id", "nested": {"name": "items", "id": "id"}}),
        "customers": ({"name": ("customer", "text"), "city": "keyword"},
                      {"type": "property", "property": {"compare": {
                          "source": "id", "target": "customer_id"}}}),
    }
    names = []
    for table in kinds:
        columns, spec = jobs[table]
        if table == "customers":
            columns = {"id": ("customers_id", "integer"), **columns}
        house.add_job(f"{index}-{table}", table, columns, index=index, target=target, **spec)
        names.append(f"{index}-{table}")
    return names


def bodies_of(house, index):
    """The documents of an index as bulk bodies, word for word as they were written."""
    search = house.opensearch
    search.request("POST", f"/{index}/_refresh")
    bodies, body = [], bytearray()
    page = search.request(
        "POST", f"/{index}/_search?scroll=5m&filter_path=_scroll_id,hits.hits._id,"
        "hits.hits._source", {"size": 10_000, "sort": ["_doc"]})
    while page.get("hits", {}).get("hits"):
        for hit in page["hits"]["hits"]:
            action = {"index": {"_id": hit["_id"], "version": 5, "version_type": "external"}}
            body += json.dumps(action, separators=(",", ":")).encode() + b"\n"
            body += json.dumps(hit["_source"], separators=(",", ":")).encode() + b"\n"
            if len(body) >= BODY_BYTES:
                bodies.append(bytes(body))
                body.clear()
        page = search.request(
            "POST", "/_search/scroll?filter_path=_scroll_id,hits.hits._id,hits.hits._source",
            {"scroll": "5m", "scroll_id": page["_scroll_id"]})
    return [*bodies, bytes(body)]


def replay(house, model, bodies, connections):
    """Raw bulk of the same documents into an index like the model; seconds."""
    described = house.opensearch.request("GET", f"/{model}")[model]
    house.opensearch.request("PUT", "/raw", {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {"properties": described["mappings"]["properties"]}})
    waiting, lock = list(bodies), threading.Lock()

    def send():
        connection = http.client.HTTPConnection("127.0.0.1", house.opensearch.port)
        while True:
            with lock:
                if not waiting:
                    return
                body = waiting.pop()
            connection.request(
                "POST", "/raw/_bulk?filter_path=errors,items.*.status,items.*.error", body,
                {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse().read()
            assert b'"errors":false' in answer, answer[:300]

    begun = time.monotonic()
    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.opensearch.request("POST", "/raw/_refresh")
    seconds = time.monotonic() - begun
    house.opensearch.request("DELETE", "/raw")
    return seconds


def compare(house, case, documents, add_jobs):
    """Loads and replays in turns, so that a machine that drifts drifts for both; then the engine's
    own share, with a sink for a cluster. add_jobs(index, target) gives the names."""
    def load(index, target="search"):
        cost = Cost(house)
        jobs = add_jobs(index, target)
        house.wait_live(*jobs)
        house.report(case, cluster=target, **cost.figures(documents, "document"))
        for job in reversed(jobs):
            house.api.delete(f"/jobs/{job}")
        return documents / cost.seconds()

    load(f"{case}-model")
    bodies = bodies_of(house, f"{case}-model")
    loads, raws = [], {2: [], 4: []}
    for number in range(house.options.rounds):
        for connections, speeds in raws.items():
            seconds = replay(house, f"{case}-model", bodies, connections)
            speeds.append(documents / seconds)
            house.report("raw_bulk", connections=connections, seconds=round(seconds, 2),
                         documents_per_s=round(documents / seconds))
        loads.append(load(f"{case}-{number}"))
        house.opensearch.request("DELETE", f"/{case}-{number}")
    best = max(statistics.median(speeds) for speeds in raws.values())
    house.report(f"{case}_ratio", load=round(statistics.median(loads)), raw=round(best),
                 ratio=round(statistics.median(loads) / best, 3))
    sink = Sink(house.opensearch.port)
    try:
        house.add_target("sink", sink.port)
        load(f"{case}-sink", "sink")
    finally:
        sink.close()


def load_flat(options):
    """A flat table of 11 mixed columns."""
    with House(options) as house:
        house.run(FLAT_TABLE.format(rows=options.rows))

        def add(index, target):
            house.add_job(index, "flat", FLAT, target=target, type="index", id="id")
            return [index]
        compare(house, "load_flat", options.rows, add)
        return house.figures


def load_nested(options):
    """Orders with a customer as property, a shipment as object and three items as array."""
    orders = options.rows // 5
    with House(options) as house:
        house.run(SHOP_TABLES.format(orders=orders, customers=max(1, orders // 20)))
        compare(house, "load_nested", orders,
                lambda index, target: add_shop_jobs(house, index, target))
        return house.figures

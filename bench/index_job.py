"""Measures an index job: loading against raw bulk replay, commit to readable, memory.

    /usr/bin/python3 bench/index_job.py [--rows N] [--rounds N] [--changes N] [--binary FILE]

Starts a private PostgreSQL and OpenSearch. Loading and replays of the very same documents take
turns in one run, so that a machine that drifts drifts for both. Prints one JSON line a figure.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import shutil
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "servers"), str(ROOT / "tests" / "integration")]

import common  # noqa: E402
import psycopg2  # noqa: E402
import requests  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import PostgresServer  # noqa: E402

COLUMNS = {"id": "integer", "customer": "integer", "status": "keyword", "title": "text",
           "amount": "double", "quantity": "integer", "paid": "boolean", "created_at": "date",
           "due": "date", "note": "text", "ratio": "double"}
TABLE = """
CREATE TABLE orders (
  id int PRIMARY KEY, customer int, status text, title text, amount numeric(10,2), quantity int,
  paid boolean, created_at timestamptz, due date, note text, ratio double precision);
INSERT INTO orders SELECT n, n % 5000, (ARRAY['new','paid','sent','done'])[1 + n % 4],
  'order number ' || n || ' of the shop', n % 100000 / 100.0, n % 17, n % 2 = 0,
  timestamptz '2026-01-01' + n * interval '1 second', date '2026-01-01' + n % 365,
  'left at the door, line ' || n % 1000, n / 7.0 FROM generate_series(1, {rows}) n;
VACUUM ANALYZE orders;
"""
BODY_BYTES = 8 << 20


def report(figure, **values):
    print(json.dumps({"figure": figure, **values}), flush=True)


class Process:
    """CPU seconds and peak memory of a process, as the kernel counts them."""

    def __init__(self, pid):
        self.pid = pid

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = common.scratch("bench")
        os.environ["SYNCLINE_BINARY"] = str(arguments.binary)
        from syncline import Syncline
        self.postgres = PostgresServer(self.folder / "postgres", fsync=True)
        self.postgres.create().start()
        self.opensearch = OpenSearchServer(self.folder / "opensearch", heap_mb=1024).start()
        self.syncline = Syncline(self.folder / "syncline").start()
        self.connection = psycopg2.connect(**self.postgres.connection_parameters())
        self.connection.autocommit = True

    def close(self):
        self.connection.close()
        self.syncline.stop()
        self.opensearch.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self):
        for statement in TABLE.format(rows=self.arguments.rows).split(";\n"):
            if statement.strip():
                self.connection.cursor().execute(statement)
        parameters = self.postgres.connection_parameters()
        self.syncline.api.create("sources", {"name": "shop",
                                             "config": self.postgres.source_config(
                                                 parameters["dbname"])})
        self.syncline.api.create("targets", {"name": "search", "api": {
            "url": "http://127.0.0.1", "port": self.opensearch.port}})

    def job(self, name):
        return {"name": name,
                "source": {"name": "shop", "table_name": "orders", "columns": list(COLUMNS)},
                "target": {"name": "search", "index": name, "type": "index", "id": "id",
                           "settings": {"number_of_replicas": 0},
                           "mappings": [{"source_column": column, "alias": column, "type": kind}
                                        for column, kind in COLUMNS.items()]}}

    def load(self, name):
        process = Process(self.syncline.process.pid)
        cpu, begun = process.cpu_s(), time.monotonic()
        self.syncline.api.create("jobs", self.job(name))
        common.wait_for(lambda: self.syncline.api.status(name)["state"] == "live", 3600,
                        f"{name} loaded", interval_s=0.02)
        seconds = time.monotonic() - begun
        rows = self.arguments.rows
        report("load", rows=rows, rows_per_s=round(rows / seconds), seconds=round(seconds, 2),
               engine_us_per_row=round((process.cpu_s() - cpu) / rows * 1e6, 2),
               peak_mb=round(process.peak_mb(), 1))
        return rows / seconds

    def bodies(self, index):
        """The documents of an index as bulk bodies, word for word as they were written."""
        self.opensearch.request("POST", f"/{index}/_refresh")
        bodies, body = [], bytearray()
        page = self.opensearch.request(
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
            page = self.opensearch.request(
                "POST", "/_search/scroll?filter_path=_scroll_id,hits.hits._id,hits.hits._source",
                {"scroll": "5m", "scroll_id": page["_scroll_id"]})
        return [*bodies, bytes(body)]

    def replay(self, model, bodies, connections):
        """Raw bulk of the same documents into an index like the model."""
        described = self.opensearch.request("GET", f"/{model}")[model]
        self.opensearch.request("PUT", "/raw", {
            "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
            "mappings": {"properties": described["mappings"]["properties"]}})
        waiting, lock = list(bodies), threading.Lock()

        def send():
            connection = http.client.HTTPConnection("127.0.0.1", self.opensearch.port)
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
        self.opensearch.request("POST", "/raw/_refresh")
        seconds = time.monotonic() - begun
        self.opensearch.request("DELETE", "/raw")
        report("raw_bulk", connections=connections, seconds=round(seconds, 2),
               rows_per_s=round(self.arguments.rows / seconds))
        return self.arguments.rows / seconds

    def compare_loading(self):
        loads, raws = [], {2: [], 4: []}
        self.load("warm-up")
        bodies = self.bodies("warm-up")
        for round_number in range(self.arguments.rounds):
            for connections, speeds in raws.items():
                speeds.append(self.replay("warm-up", bodies, connections))
            loads.append(self.load(f"load-{round_number}"))
            self.syncline.api.delete(f"/jobs/load-{round_number}")
            self.opensearch.request("DELETE", f"/load-{round_number}")
        best = max(statistics.median(speeds) for speeds in raws.values())
        report("load_ratio", load=round(statistics.median(loads)), raw=round(best),
               ratio=round(statistics.median(loads) / best, 3))

    def measure_latency(self, per_second, writers=4):
        parameters = self.postgres.connection_parameters()
        with multiprocessing.Pool(writers) as pool:
            results = pool.starmap(follow_changes, [
                (parameters, self.opensearch.port, "warm-up", number, per_second / writers,
                 self.arguments.changes // writers) for number in range(writers)])
        times = sorted(time_ms for result in results for time_ms in result)
        report("commit_to_readable", per_second=per_second, changes=len(times),
               median_ms=round(statistics.median(times), 2),
               p99_ms=round(times[int(len(times) * 0.99)], 2), max_ms=round(times[-1], 2))


def follow_changes(parameters, port, index, number, per_second, changes):
    """Changes rows at an even pace, and asks for each document until it shows the change."""
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    cursor = connection.cursor()
    client = http.client.HTTPConnection("127.0.0.1", port)
    times, start = [], time.monotonic() + 0.5
    for change in range(changes):
        time.sleep(max(0.0, start + change / per_second - time.monotonic()))
        row, mark = 1 + number * 10_000 + change, f"{number}-{change}"
        cursor.execute("UPDATE orders SET note = %s WHERE id = %s", (mark, row))
        committed = time.monotonic()
        while True:
            client.request("GET", f"/{index}/_doc/{row}?_source_includes=note")
            if json.loads(client.getresponse().read())["_source"].get("note") == mark:
                break
            time.sleep(0.001)
        times.append((time.monotonic() - committed) * 1000)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--changes", type=int, default=4000)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/syncline")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    try:
        bench.prepare()
        bench.compare_loading()
        bench.measure_latency(per_second=200)
    finally:
        bench.close()


if __name__ == "__main__":
    main()

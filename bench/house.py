"""What a case measures in: its own PostgreSQL, an OpenSearch, a Syncline, and their cost."""

import json
import os
import pathlib
import shutil
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "servers"), str(ROOT / "tests" / "integration" / "kit")]

import common  # noqa: E402
import psycopg2  # noqa: E402
import syncline  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import PostgresServer  # noqa: E402


class Process:
    """CPU seconds and peak memory of a process, as the kernel counts them."""

    def __init__(self, pid):
        self.pid = pid

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def children(self):
        return [Process(int(pid)) for pid in
                pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def peak_mb(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Cost:
    """What the engine spent since it was made."""

    def __init__(self, house):
        self.process = house.engine()
        self.cpu_s = self.process.cpu_s()
        self.begun = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.begun

    def figures(self, number, unit):
        """By `unit` of which there were `number`."""
        seconds = self.seconds()
        return {f"{unit}s": number, "seconds": round(seconds, 2),
                f"{unit}s_per_s": round(number / seconds),
                f"engine_us_per_{unit}": round((self.process.cpu_s() - self.cpu_s) / number * 1e6,
                                               2),
                "peak_mb": round(self.process.peak_mb(), 1)}


class House:
    """Both servers and a Syncline, with a source `shop` and a target `search`."""

    def __init__(self, options, fsync=True, heap_mb=1024, binary=None, settings=None):
        self.options = options
        self.fsync = "on" if fsync else "off"
        self.figures = []
        self.folder = common.scratch("bench")
        syncline.BINARY = binary or options.binary
        self.postgres = PostgresServer(self.folder / "postgres", fsync=fsync,
                                       settings=settings)
        self.postgres.create().start()
        self.opensearch = OpenSearchServer(self.folder / "opensearch", heap_mb=heap_mb,
                                           fast=True).start()
        self.syncline = syncline.Syncline(self.folder / "syncline").start()
        self.connection = self.connect()
        parameters = self.postgres.connection_parameters()
        self.api.create("sources", {"name": "shop",
                                    "config": self.postgres.source_config(parameters["dbname"])})
        self.add_target("search", self.opensearch.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.syncline.stop()
        self.opensearch.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def api(self):
        return self.syncline.api

    def engine(self):
        return Process(self.syncline.process.pid)

    def add_target(self, name, port):
        self.api.create("targets", {"name": name, "api": {"url": "http://127.0.0.1",
                                                          "port": port}})

    def connect(self):
        connection = psycopg2.connect(**self.postgres.connection_parameters())
        connection.autocommit = True
        return connection

    def run(self, script):
        """Statements one by one: some (VACUUM) stand in no transaction."""
        with self.connection.cursor() as cursor:
            for statement in script.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)

    def add_job(self, name, table, columns, index=None, target="search", **spec):
        """columns: {column: type}, or {column: (alias, type)}."""
        mappings = [{"source_column": column, "alias": kind[0] if isinstance(kind, tuple)
                     else column, "type": kind[1] if isinstance(kind, tuple) else kind}
                    for column, kind in columns.items()]
        self.api.create("jobs", {
            "name": name,
            "source": {"name": "shop", "table_name": table, "columns": list(columns)},
            "target": {"name": target, "index": index or name,
                       "settings": {"number_of_replicas": 0}, "mappings": mappings, **spec}})

    def drop_job(self, name, index=None):
        self.api.delete(f"/jobs/{name}")
        if index:
            self.opensearch.request("DELETE", f"/{index}")

    def wait_live(self, *jobs, timeout_s=3600, interval_s=0.02):
        def live():
            statuses = [self.api.status(job) for job in jobs]
            failed = [status for status in statuses if status["state"] == "failed"]
            if failed:
                raise common.ServerFailed(str(failed))
            return all(status["state"] == "live" and status["lag"]["changes"] == 0
                       for status in statuses)
        common.wait_for(live, timeout_s, f"{jobs} are live", interval_s)

    def report(self, figure, **values):
        """Printed as a JSON line, and kept for the table."""
        values = {"figure": figure, **values}
        self.figures.append(values)
        print(json.dumps(values), flush=True)


def percentiles(times_ms):
    times = sorted(times_ms)
    return {"median_ms": round(statistics.median(times), 2),
            "p99_ms": round(times[int(len(times) * 0.99)], 2), "max_ms": round(times[-1], 2)}

"""The same work done by other tools that copy PostgreSQL into a cluster, where they are installed.

PGSync: `pgsync` and `bootstrap` on the PATH, and `redis-server`. pgstream: `pgstream` on the PATH,
and PostgreSQL's wal2json. See docs/performance.md for versions and what came out.
"""

import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.error

import common
from house import House, Process, percentiles
from loading import FLAT, FLAT_TABLE, bodies_of, replay
from streaming import WRITERS, follow_changes, write_together

CHANGES = 20_000
# Their own: not every tool takes every character in a password, or every style of dates.
OTHER_ROLE = ("CREATE ROLE other_tool SUPERUSER LOGIN PASSWORD 'plain';"
              "ALTER ROLE other_tool SET datestyle = 'ISO';"
              "ALTER ROLE other_tool SET timezone = 'UTC'")


class Tool:
    """One tool in a house, with a table `flat` that it copies."""

    name = ""
    needs = ()  # commands
    document = "/flat/_doc/{row}"
    field = "note"
    index = "flat"

    def __init__(self, house):
        self.house = house
        self.processes = []  # whose CPU and memory are counted
        self.cpu_before_s = 0.0  # spent on something else
        self.helpers = []

    @classmethod
    def installed(cls):
        return all(shutil.which(command) for command in cls.needs)

    def spawn(self, command, environment=None, counted=True):
        process = common.spawn(command, self.house.folder / f"{pathlib.Path(command[0]).name}.log",
                               {**os.environ, **(environment or {})})
        (self.processes if counted else self.helpers).append(process)

    def cpu_s(self):
        return sum(Process(process.pid).cpu_s() for process in self.processes) - self.cpu_before_s

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                raise common.ServerFailed(f"{process.args[-1]} ended with {process.returncode}")

    def peak_mb(self):
        return sum(Process(process.pid).peak_mb() for process in self.processes)

    def stop(self):
        for process in [*self.processes, *self.helpers]:
            common.end(process, signal.SIGTERM, 10)


class Syncline(Tool):
    """What all is about."""

    name = "Syncline"

    def start(self):
        self.house.add_job("flat", "flat", FLAT, type="index", id="id")
        self.processes.append(self.house.syncline.process)
        self.cpu_before_s = self.cpu_s()

    def stop(self):
        """The house does."""


class PgSync(Tool):
    """Triggers, and a queue in Redis."""

    name = "PGSync"
    needs = ("pgsync", "bootstrap", "redis-server")

    def start(self):
        house, port = self.house, common.free_port()
        self.spawn(["redis-server", "--port", str(port), "--save", "", "--dir", str(house.folder)],
                   counted=False)
        parameters = house.postgres.connection_parameters()
        house.run(OTHER_ROLE)
        schema = house.folder / "schema.json"
        schema.write_text(json.dumps([{
            "database": parameters["dbname"], "index": "flat",
            "nodes": {"table": "flat", "columns": list(FLAT)}}]))
        environment = {
            "PG_HOST": "127.0.0.1", "PG_PORT": str(house.postgres.port),
            "PG_USER": "other_tool", "PG_PASSWORD": "plain",
            "PG_DATABASE": parameters["dbname"], "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(port), "OPENSEARCH": "true", "ELASTICSEARCH": "false",
            "ELASTICSEARCH_URL": house.opensearch.url, "CHECKPOINT_PATH": str(house.folder)}
        done = subprocess.run(["bootstrap", "--config", str(schema)], check=False,
                              capture_output=True, text=True, env={**os.environ, **environment})
        if done.returncode != 0:
            raise common.ServerFailed(done.stdout + done.stderr)
        self.spawn(["pgsync", "--config", str(schema), "--daemon"], environment)


class PgStream(Tool):
    """Logical replication by wal2json."""

    name = "pgstream"
    needs = ("pgstream",)
    index = "public"

    def start(self):
        house = self.house
        parameters = house.postgres.connection_parameters()
        house.run(OTHER_ROLE)
        url = (f"postgres://other_tool:plain@127.0.0.1:"
               f"{house.postgres.port}/{parameters['dbname']}?sslmode=disable")
        # As pgstream would make it, but without its setting for the k-NN plugin, which not every
        # cluster has: where that is refused it gives up with a panic.
        house.opensearch.request("PUT", "/public-1", {
            "aliases": {"public": {}},
            "settings": {"number_of_shards": 1, "number_of_replicas": 0},
            "mappings": {"dynamic": "strict", "properties": {"_table": {"type": "keyword"}}}})
        self.run("snapshot_and_replication", url, ["--init"])
        # It copies all and then gives up: with "send on closed channel" when it comes to the
        # primary key. So the changes are left to a second one.
        snapshot = self.processes.pop()
        common.wait_for(lambda: os.waitid(os.P_PID, snapshot.pid, os.WEXITED | os.WNOHANG
                                          | os.WNOWAIT), 1800, "the snapshot's end")
        status, usage = os.wait4(snapshot.pid, 0)[1:]
        snapshot.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_before_s = -(usage.ru_utime + usage.ru_stime)
        self.snapshot_peak_mb = usage.ru_maxrss / 1024
        # Fields and ids go by numbers of its own; `note` is the tenth column.
        found = house.opensearch.request("POST", "/public/_search", {"size": 1})["hits"]["hits"]
        if not found:
            raise common.ServerFailed(f"{self.name} ended without a document")
        table = found[0]["_source"]["_table"]
        self.document, self.field = f"/public/_doc/{table}_{{row}}", f"{table}-10"
        self.run("replication", url, [])

    def run(self, mode, url, arguments):
        config = self.house.folder / f"{mode}.yaml"
        config.write_text(json.dumps({  # which is YAML as well
            "source": {"postgres": {
                "url": url, "mode": mode,
                "snapshot": {"mode": "full", "tables": ["flat"], "recorder": {"postgres_url": url},
                             "schema": {"mode": "pgdump_pgrestore"}}}},
            "target": {"search": {"engine": "opensearch", "url": self.house.opensearch.url,
                                  "batch": {"timeout": 100, "size": 5000},
                                  "backoff": {"exponential": {
                                      "max_retries": 0, "initial_interval": 1000,
                                      "max_interval": 60_000}}}},
            "modifiers": {"injector": {"enabled": True, "source_url": url},
                          "filter": {"exclude_tables": ["pgstream.*"]}}}))
        self.spawn(["pgstream", "run", *arguments, "-c", str(config)])

    def peak_mb(self):
        return max(self.snapshot_peak_mb, super().peak_mb())


TOOLS = (Syncline, PgSync, PgStream)


def count(house, index):
    try:
        house.opensearch.request("POST", f"/{index}/_refresh")
        return house.opensearch.request("GET", f"/{index}/_count")["count"]
    except urllib.error.HTTPError:
        return 0  # not there yet


def warm_up(house, rows):
    """A cluster that has just started takes half of what it takes a minute later."""
    house.add_job("warm", "flat", FLAT, type="index", id="id")
    house.wait_live("warm")
    bodies = bodies_of(house, "warm")
    seconds = [replay(house, "warm", bodies, connections) for connections in (2, 4, 2, 4)]
    house.drop_job("warm", index="warm")
    house.report("raw_bulk", documents_per_s=round(rows / min(seconds)))


def measure(tool, rows):
    house = tool.house
    begun = time.monotonic()
    tool.start()

    def loaded():
        tool.check_alive()
        return count(house, tool.index) >= rows
    common.wait_for(loaded, 1800, f"{tool.name} loads", 0.2)
    seconds = time.monotonic() - begun
    house.report("load", tool=tool.name, documents=rows, documents_per_s=round(rows / seconds),
                 tool_us_per_row=round(tool.cpu_s() / rows * 1e6, 1),
                 peak_mb=round(tool.peak_mb(), 1))
    parameters = house.postgres.connection_parameters()
    # Until it follows for sure, and the cluster is warm.
    follow_changes(parameters, house.opensearch.port, 5, 100, 200, tool.document, tool.field)
    begun = time.monotonic()
    write_together(parameters, CHANGES)
    written = time.monotonic() - begun
    # Changes are followed in order: when this one is there, the others are.
    follow_changes(parameters, house.opensearch.port, 6, 100, 1, tool.document, tool.field)
    house.report("burst", tool=tool.name, writers_tps=round(CHANGES / written),
                 behind_s=round(time.monotonic() - begun - written, 2))
    with multiprocessing.Pool(WRITERS) as pool:
        results = pool.starmap(follow_changes, [
            (parameters, house.opensearch.port, n, 200 / WRITERS, 250, tool.document, tool.field)
            for n in range(WRITERS)])
    house.report("latency", tool=tool.name,
                 **percentiles([time_ms for result in results for time_ms in result]))


def other_tools(options):
    """PGSync and pgstream doing the same, where they are installed."""
    rows, figures = options.rows // 5, []
    for kind in TOOLS:
        if not kind.installed():
            print(f"{kind.name} is not installed ({', '.join(kind.needs)})", flush=True)
            continue
        with House(options, settings={"wal_level": "logical"}) as house:
            house.run(FLAT_TABLE.format(rows=rows))
            tool = kind(house)
            try:
                warm_up(house, rows)
                measure(tool, rows)
            except (common.ServerFailed, TimeoutError) as failure:
                print(f"{kind.name}: {failure}", flush=True)  # the others go on
            finally:
                tool.stop()
            figures += house.figures
    return figures

"""Measures what capture costs the writers of a table: transactions, and bulk statements by the row.

    /usr/bin/python3 bench/capture_tax.py [--seconds N] [--rounds N] [--rows N] [--binary FILE]

Two equal tables, one of them watched by a job; pgbench updates the one and the other in turns, so
that a machine that drifts drifts for both. What is measured is the triggers: once the job is live
Syncline is halted (SIGSTOP) in the midst of following, as if it ran elsewhere. With --together it
goes on, and everything shares the machine. Prints one JSON line a figure.
"""

import argparse
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "servers"), str(ROOT / "tests" / "integration")]

import common  # noqa: E402
import psycopg2  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import PostgresServer  # noqa: E402

TABLES = ("plain", "watched")
ROWS = 100_000
CREATE = """
CREATE TABLE {table} (
  id int PRIMARY KEY, balance int, name text, note text, updated_at timestamptz, unread int);
INSERT INTO {table} SELECT n, n, 'name of ' || n, repeat('note ', 12), now(), 0
  FROM generate_series(1, {rows}) n;
VACUUM ANALYZE {table};
"""
MAPPINGS = [{"source_column": name, "alias": name, "type": kind} for name, kind in
            (("id", "integer"), ("balance", "integer"), ("name", "keyword"), ("note", "text"),
             ("updated_at", "date"))]
# What one transaction does.
SCRIPTS = {
    "update": "UPDATE {table} SET balance = balance + 1, updated_at = now() WHERE id = :id;",
    "irrelevant": "UPDATE {table} SET unread = unread + 1 WHERE id = :id;",
    "insert and delete": "INSERT INTO {table} VALUES (:id + 10000000, 1, 'n', 'n', now(), 0)"
                         " ON CONFLICT DO NOTHING;\nDELETE FROM {table} WHERE id = :id + 10000000;",
}
BULK = {
    "insert": "INSERT INTO {table} SELECT n, n, 'name', 'note', now(), 0"
              " FROM generate_series(1000001, 1000000 + {rows}) n",
    "update": "UPDATE {table} SET balance = balance + 1 WHERE id > 1000000",
    "delete": "DELETE FROM {table} WHERE id > 1000000",
}


def report(figure, **values):
    print(json.dumps({"figure": figure, **values}), flush=True)


class Bench:
    def __init__(self, arguments, fsync):
        self.arguments = arguments
        self.fsync = fsync
        self.folder = common.scratch("bench")
        os.environ["SYNCLINE_BINARY"] = str(arguments.binary)
        from syncline import Syncline
        self.postgres = PostgresServer(self.folder / "postgres", fsync=fsync)
        self.postgres.create().start()
        self.opensearch = OpenSearchServer(self.folder / "opensearch", fast=True)
        self.opensearch.start()
        self.syncline = Syncline(self.folder / "syncline").start()
        self.connection = psycopg2.connect(**self.postgres.connection_parameters())
        self.connection.autocommit = True

    def close(self):
        self.run_on()
        self.connection.close()
        self.syncline.stop()
        self.opensearch.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, statement):
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def prepare(self):
        for table in TABLES:
            self.run(CREATE.format(table=table, rows=ROWS))
        api = self.syncline.api
        api.create("sources", {"name": "bench", "config": self.postgres.source_config("postgres")})
        api.create("targets", {"name": "bench", "api": {"url": "http://127.0.0.1",
                                                        "port": self.opensearch.port}})
        api.create("jobs", {
            "name": "bench",
            "source": {"name": "bench", "table_name": "watched",
                       "columns": [mapping["source_column"] for mapping in MAPPINGS]},
            "target": {"name": "bench", "index": "bench", "type": "index", "id": "id",
                       "mappings": MAPPINGS}})
        self.wait_live()
        if not self.arguments.together:
            self.halt()

    def wait_live(self):
        def live():
            status = self.syncline.api.status("bench")
            return status["state"] == "live" and status["lag"]["changes"] == 0
        common.wait_for(live, 600, "the job is live", 0.2)

    def halt(self):
        """In the midst of following: it has not asked to be woken."""
        self.run("UPDATE watched SET balance = balance WHERE id = 1;"
                 " UPDATE watched SET balance = balance + 1 WHERE id = 1")
        time.sleep(0.1)
        os.kill(self.syncline.process.pid, signal.SIGSTOP)
        os.kill(self.opensearch.process.pid, signal.SIGSTOP)

    def run_on(self):
        for process in (self.syncline.process, self.opensearch.process):
            os.kill(process.pid, signal.SIGCONT)

    def empty_log(self):
        """What one round logged is not the next one's burden."""
        if self.arguments.together:
            self.wait_live()
            return
        self.run("DO $$ BEGIN FOR n IN 0..2 LOOP EXECUTE 'TRUNCATE syncline.log_' || n; END LOOP;"
                 " END $$")

    def tps(self, table, script, clients):
        path = self.folder / "script.sql"
        path.write_text(f"\\set id random(1, {ROWS})\n" + SCRIPTS[script].format(table=table))
        done = subprocess.run(
            [str(self.postgres.bin / "pgbench"), "-n", "-M", "prepared", "-f", str(path),
             "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(self.arguments.seconds),
             "-h", "127.0.0.1", "-p", str(self.postgres.port), "-U", self.postgres.user,
             "postgres"], text=True, capture_output=True,
            env={**os.environ, "PGPASSWORD": self.postgres.password})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))

    def measure_transactions(self, script, clients):
        rates = {table: [] for table in TABLES}
        for _ in range(self.arguments.rounds):
            for table in TABLES:
                rates[table].append(self.tps(table, script, clients))
            self.empty_log()
        plain, watched = (statistics.median(rates[table]) for table in TABLES)
        report("transactions", fsync=self.fsync, script=script, clients=clients,
               plain=round(plain), watched=round(watched), share=round(watched / plain, 3))

    def measure_bulk(self):
        rows = self.arguments.rows
        took = {key: [] for key in itertools.product(TABLES, BULK)}
        for _ in range(self.arguments.rounds):
            for table, name in took:
                begun = time.monotonic()
                self.run(BULK[name].format(table=table, rows=rows))
                took[table, name].append(time.monotonic() - begun)
            for table in TABLES:
                self.run(f"VACUUM {table}")
            self.empty_log()
        for name in BULK:
            plain, watched = (statistics.median(took[table, name]) / rows * 1e6
                              for table in TABLES)
            report("bulk", fsync=self.fsync, statement=name, rows=rows,
                   plain_us_a_row=round(plain, 2), watched_us_a_row=round(watched, 2),
                   tax_us_a_row=round(watched - plain, 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each run of pgbench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=200_000, help="of a bulk statement")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--fsync", choices=["on", "off"], help="one of the two alone")
    parser.add_argument("--together", action="store_true", help="Syncline and the cluster go on")
    parser.add_argument("--binary", type=pathlib.Path,
                        default=ROOT / "build" / "release" / "syncline")
    arguments = parser.parse_args()
    for fsync in (True, False):
        if arguments.fsync not in (None, "on" if fsync else "off"):
            continue
        bench = Bench(arguments, fsync)
        try:
            bench.prepare()
            for clients in arguments.clients:
                bench.measure_transactions("update", clients)
            for script in ("irrelevant", "insert and delete"):
                bench.measure_transactions(script, 4)
            bench.measure_bulk()
        finally:
            bench.close()


if __name__ == "__main__":
    main()

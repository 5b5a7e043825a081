"""What capture costs the writers of a table: transactions, and bulk statements by the row.

Two equal tables, one of them watched by a job; pgbench updates the one and the other in turns, so
that a machine that drifts drifts for both. What is measured is the triggers: Syncline is halted
(SIGSTOP) in the midst of following, as if it ran elsewhere. Then it goes on, and everything shares
the machine.
"""

import itertools
import os
import re
import signal
import statistics
import subprocess
import time

from house import House

TABLES = ("plain", "watched")
ROWS = 100_000
CREATE = """
CREATE TABLE {table} (
  id int PRIMARY KEY, balance int, name text, note text, updated_at timestamptz, unread int);
INSERT INTO {table} SELECT n, n, 'name of ' || n, repeat('note ', 12), now(), 0
  FROM generate_series(1, {rows}) n;
VACUUM ANALYZE {table}
"""
COLUMNS = {"id": "integer", "balance": "integer", "name": "keyword", "note": "text",
           "updated_at": "date"}  # unread is not among them
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


class Writers:
    """The writers of the two tables of a house."""

    def __init__(self, house, seconds, rounds):
        """seconds: of each run of pgbench; rounds: of each comparison."""
        self.house, self.seconds, self.rounds = house, seconds, rounds
        self.halted = False
        for table in TABLES:
            house.run(CREATE.format(table=table, rows=ROWS))
        house.add_job("watched", "watched", COLUMNS, type="index", id="id")
        house.wait_live("watched")

    def _signal(self, number):
        for process in (self.house.syncline.process, self.house.opensearch.process):
            os.kill(process.pid, number)

    def halt(self):
        """In the midst of following: it has not asked to be woken."""
        self.house.run("UPDATE watched SET balance = balance WHERE id = 1;\n"
                       "UPDATE watched SET balance = balance + 1 WHERE id = 1")
        time.sleep(0.1)
        self._signal(signal.SIGSTOP)
        self.halted = True

    def run_on(self):
        self._signal(signal.SIGCONT)
        self.halted = False

    def _empty_log(self):
        """What one round logged is not the next one's burden."""
        if not self.halted:
            self.house.wait_live("watched")
            return
        self.house.run(";\n".join(f"TRUNCATE syncline.log_{n}" for n in range(3)))

    def _tps(self, table, script, clients):
        postgres = self.house.postgres
        path = self.house.folder / "script.sql"
        path.write_text(f"\\set id random(1, {ROWS})\n" + SCRIPTS[script].format(table=table))
        done = subprocess.run(
            [str(postgres.bin / "pgbench"), "-n", "-M", "prepared", "-f", str(path),
             "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(self.seconds),
             "-h", "127.0.0.1", "-p", str(postgres.port), "-U", postgres.user,
             postgres.connection_parameters()["dbname"]], text=True, capture_output=True,
            check=False, env={**os.environ, "PGPASSWORD": postgres.password})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))

    def transactions(self, figure, script, clients):
        """Gives the share of the TPS without capture that is left with it."""
        rates = {table: [] for table in TABLES}
        for _ in range(self.rounds):
            for table in TABLES:
                rates[table].append(self._tps(table, script, clients))
            self._empty_log()
        plain, watched = (statistics.median(rates[table]) for table in TABLES)
        self.house.report(figure, fsync=self.house.fsync,
                          script=script, clients=clients, plain_tps=round(plain),
                          watched_tps=round(watched), share=round(watched / plain, 3))
        return watched / plain

    def warm_up(self):
        """A cluster that has just started takes its time, which is then not the writers'."""
        for _ in range(5):
            self._tps("watched", "update", 4)
        self._empty_log()

    def bulk(self, rows):
        took = {key: [] for key in itertools.product(TABLES, BULK)}
        for _ in range(self.rounds):
            for table, name in took:
                begun = time.monotonic()
                self.house.run(BULK[name].format(table=table, rows=rows))
                took[table, name].append(time.monotonic() - begun)
            for table in TABLES:
                self.house.run(f"VACUUM {table}")
            self._empty_log()
        for name in BULK:
            plain, watched = (statistics.median(took[table, name]) / rows * 1e6
                              for table in TABLES)
            self.house.report("bulk", fsync=self.house.fsync,
                              statement=name, rows=rows, plain_us_a_row=round(plain, 2),
                              watched_us_a_row=round(watched, 2),
                              tax_us_a_row=round(watched - plain, 2))


def capture_tax(options):
    """Writers' TPS and bulk statements with and without a job on their table."""
    figures = []
    for fsync in (True, False):
        with House(options, fsync=fsync) as house:
            writers = Writers(house, seconds=3, rounds=3)
            writers.halt()
            try:
                for clients in (1, 4, 16):
                    writers.transactions("transactions", "update", clients)
                for script in ("irrelevant", "insert and delete"):
                    writers.transactions("transactions", script, 4)
                writers.bulk(options.rows // 5)
            finally:
                writers.run_on()
            writers.warm_up()
            writers.transactions("transactions_together", "update", 4)
            figures += house.figures
    return figures

"""Stage: one test's database, index names and Syncline, and the words tests are written in."""

import itertools
import uuid

import psycopg2
from common import wait_for
from indices import assert_same_documents, read_index
from oracle import Oracle
from psycopg2 import sql
from syncline import Syncline

SOURCE, TARGET = "shop", "search"
EQUAL_S = 90


def mappings(*entries):
    """"id:integer" → a mapping of a column onto itself; ("column", "alias", "type") in full."""
    result = []
    for entry in entries:
        if isinstance(entry, dict):
            result.append(entry)
            continue
        if isinstance(entry, str):
            name, kind = entry.rsplit(":", 1)
            entry = (name, name, kind)
        result.append(dict(zip(("source_column", "alias", "type"), entry)))
    return result


# A field of any shape: nothing in it is indexed, so the cluster refuses nothing.
def opaque(column, alias=None):
    return {"source_column": column, "alias": alias or column, "type": "object",
            "params": {"enabled": False}}


class Stage:
    def __init__(self, postgres, opensearch, folder):
        self.postgres = postgres
        self.opensearch = opensearch
        self.folder = folder
        self.unique = uuid.uuid4().hex[:10]
        self.databases = []
        self.database = self.new_database()
        self.synclines = []
        self.syncline = self.new_syncline()
        self.sources = {}
        self.jobs = {}
        self._numbers = itertools.count(1)
        self._connection = None

    # -- parts ---------------------------------------------------------------------------------

    def new_database(self):
        name = f"t_{self.unique}_{len(self.databases)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.databases.append(name)
        return name

    def new_syncline(self, **options):
        syncline = Syncline(self.folder / f"syncline-{len(self.synclines)}", **options)
        self.synclines.append(syncline)
        return syncline

    def log_paths_now(self):
        return [syncline.log_path for syncline in self.synclines]

    @property
    def log_paths(self):
        return _Lazy(self.log_paths_now)

    @property
    def api(self):
        return self.syncline.api

    def connect(self, database=None, autocommit=True, **options):
        connection = psycopg2.connect(
            **self.postgres.connection_parameters(database or self.database), **options)
        connection.autocommit = autocommit
        return connection

    @property
    def connection(self):
        """One autocommit session of the test's own; opened again after a database restart."""
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
        return self._connection

    def run(self, statement, parameters=None):
        """Runs SQL in a session of its own transaction; gives the rows, if there are any."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def end(self):
        for syncline in self.synclines:
            syncline.end()
        if self._connection is not None:
            self._connection.close()
        for name in self.databases:
            self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)))
        self.opensearch.request("DELETE", f"/{self.unique}-*")

    def _administer(self, statement):
        connection = psycopg2.connect(**self.postgres.connection_parameters())
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    # -- configuring ---------------------------------------------------------------------------

    def index(self, name="main"):
        return f"{self.unique}-{name}"

    def source_body(self, name=SOURCE, database=None, **config):
        self.sources[name] = self.postgres.connection_parameters(database or self.database)
        return {"name": name,
                "config": {**self.postgres.source_config(database or self.database), **config}}

    def target_body(self, name=TARGET):
        return {"name": name, "api": {"url": "http://127.0.0.1", "port": self.opensearch.port}}

    def start(self, failpoint=None):
        """Starts Syncline and creates the source and the target."""
        self.syncline.start(failpoint)
        self.api.create("sources", self.source_body())
        self.api.create("targets", self.target_body())
        return self

    def job_body(self, table, entries, id="id", name=None, index=None, source=SOURCE, **target):
        """The body of an index job on the columns that the mappings name."""
        wanted = mappings(*entries)
        columns = list(dict.fromkeys(entry["source_column"] for entry in wanted))
        return {"name": name or f"job-{next(self._numbers)}",
                "source": {"name": source, "table_name": table, "columns": columns},
                "target": {"name": TARGET, "index": index or self.index(), "type": "index",
                           "id": id, "mappings": wanted, **target}}

    def add_job(self, *arguments, **options):
        """Creates an index job; its name."""
        body = self.job_body(*arguments, **options)
        self.api.create("jobs", body)
        self.jobs[body["name"]] = body
        return body["name"]

    # -- judging -------------------------------------------------------------------------------

    def wait_live(self, timeout_s=EQUAL_S, parked=0):
        """Until every job is live, loaded and without lag; a failed job fails the test at once.

        parked: how many documents must be parked, for all jobs alike or by name.
        """
        for name in self.jobs:
            count = parked.get(name, 0) if isinstance(parked, dict) else parked
            wait_for(lambda: self._is_live(name, count), timeout_s,
                     f"job {name} live without lag and {count} parked")

    def wait_for_documents(self, timeout_s=EQUAL_S):
        """Until every job has written something, whatever its state."""
        for name in self.jobs:
            wait_for(lambda: self.api.status(name)["documents"]["indexed"] > 0, timeout_s,
                     f"job {name} has written documents")

    def _is_live(self, name, parked):
        status = self.api.status(name)
        if status["state"] == "failed":
            raise JobFailed(f"job {name} failed: {status['error']}")
        live = status["state"] == "live" and status["load"]["finished_at"] is not None
        if live and status["lag"]["changes"] == 0 and status["parked"] == parked:
            return True
        raise AssertionError(f"status is {status}")

    def expected(self, index=None):
        """What the index must hold, by the oracle."""
        index = index or self.index()
        jobs = [job for job in self.jobs.values() if job["target"]["index"] == index]
        return Oracle(jobs, self.sources).documents()

    def found(self, index=None):
        return read_index(self.opensearch.url, index or self.index())

    def assert_index_equals_tables(self, index=None, without=()):
        """Whole index against whole tables; `without`: ids that may differ (parked ones)."""
        expected, found = self.expected(index), self.found(index)
        for identity in without:
            expected.pop(identity, None)
            found.pop(identity, None)
        assert_same_documents(expected, found)
        return found

    def wait_until_equal(self, timeout_s=EQUAL_S, without=(), parked=0):
        """Waits until all jobs are live without lag; from then on every index must be equal."""
        self.wait_live(timeout_s, parked)
        for index in {job["target"]["index"] for job in self.jobs.values()}:
            self.assert_index_equals_tables(index, without)


class JobFailed(BaseException):
    """A job is `failed`: waiting longer is of no use, so this passes through wait_for."""


class _Lazy:
    """Evaluated when iterated: the list of logs grows during a test."""

    def __init__(self, make):
        self._make = make

    def __iter__(self):
        return iter(self._make())

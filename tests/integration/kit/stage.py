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


def object_in(name):
    """Options of add_job() for a job of type object."""
    return {"type": "object", "object": {"name": name}}


def nested_in(name, id):
    return {"type": "nested", "nested": {"name": name, "id": id}}


def property_of(source, target):
    """source: column of the table, target: field of the document; equal where the fields go."""
    return {"type": "property", "property": {"compare": {"source": source, "target": target}}}


class Stage:
    def __init__(self, postgres, opensearch, folder):
        """opensearch: None where a test needs the tables alone."""
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

    def new_database(self, server=None, encoding=None):
        """encoding: another than the server's, with the order of bytes."""
        name = f"t_{self.unique}_{len(self.databases)}"
        self._administer(server or self.postgres,
                         sql.SQL("CREATE DATABASE {}" + (
                             f" ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' "
                             "LC_CTYPE 'C'"
                             if encoding else "")).format(sql.Identifier(name)))
        self.databases.append((server or self.postgres, name))
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

    def connect(self, database=None, autocommit=True, server=None, **options):
        parameters = (server or self.postgres).connection_parameters(database or self.database)
        connection = psycopg2.connect(**parameters, **options)
        connection.autocommit = autocommit
        return connection

    @property
    def connection(self):
        """One autocommit session of the test's own; opened again after a database restart."""
        if self._connection is None or not _answers(self._connection):
            self._connection = self.connect()
        return self._connection

    def run(self, statement, parameters=None):
        """Runs SQL in a session of its own transaction; gives the rows, if there are any."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def run_together(self, *statements):
        """Runs them in one transaction."""
        session = self.connect(autocommit=False)
        try:
            for statement in statements:
                session.cursor().execute(statement)
            session.commit()
        finally:
            session.close()

    def end(self):
        for syncline in self.synclines:
            syncline.end()
        if self._connection is not None:
            self._connection.close()
        for server, name in self.databases:
            self._end_prepared(server, name)
            self._administer(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)))
        if self.opensearch:
            self.opensearch.request("DELETE", f"/{self.unique}-*")

    def _end_prepared(self, server, database):
        """What a writer prepared and left would keep the database from being dropped."""
        if server.settings.get("max_prepared_transactions", "0") == "0":
            return
        connection = self.connect(database, server=server)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
            for identity, in cursor.fetchall():
                cursor.execute("ROLLBACK PREPARED %s", (identity,))
        connection.close()

    def _administer(self, server, statement):
        connection = psycopg2.connect(**server.connection_parameters())
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    # -- configuring ---------------------------------------------------------------------------

    def index(self, name="main"):
        return f"{self.unique}-{name}"

    def source_body(self, name=SOURCE, database=None, server=None, **config):
        server, database = server or self.postgres, database or self.database
        self.sources[name] = server.connection_parameters(database)
        return {"name": name, "config": {**server.source_config(database), **config}}

    def target_body(self, name=TARGET):
        return {"name": name, "api": self.opensearch.target_api()}

    def start(self, failpoint=None):
        """Starts Syncline and creates the source and the target."""
        self.syncline.start(failpoint)
        self.api.create("sources", self.source_body())
        self.api.create("targets", self.target_body())
        return self

    def job_body(self, table, entries, id="id", name=None, index=None, source=SOURCE, **target):
        """The body of a job on the columns that the mappings name; an index job, unless `target`
        says otherwise (object_in(), nested_in(), property_of())."""
        wanted = mappings(*entries)
        columns = list(dict.fromkeys(entry["source_column"] for entry in wanted))
        target = {"name": TARGET, "index": index or self.index(), "type": "index", "id": id,
                  "mappings": wanted, **target}
        if target["type"] == "property":
            del target["id"]
            compared = target["property"]["compare"]["source"]
            if compared not in columns and compared not in {entry["alias"] for entry in wanted}:
                columns.append(compared)
        return {"name": name or f"job-{next(self._numbers)}",
                "source": {"name": source, "table_name": table, "columns": columns},
                "target": target}

    def add_job(self, *arguments, **options):
        """Creates a job as job_body() has it; its name."""
        return self.create_job(self.job_body(*arguments, **options))

    def create_job(self, body):
        self.api.create("jobs", body)
        self.jobs[body["name"]] = body
        return body["name"]

    def replace_job(self, name, *arguments, **options):
        body = self.job_body(*arguments, name=name, **options)
        answer = self.api.put(f"/jobs/{name}", body)
        assert answer.status_code == 200, answer.text
        self.jobs[name] = body

    def delete_job(self, name):
        answer = self.api.delete(f"/jobs/{name}")
        assert answer.status_code == 200, answer.text
        return self.jobs.pop(name)

    def command(self, name, verb):
        """pause, resume, resync; the status as answered."""
        answer = self.api.post(f"/jobs/{name}/{verb}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

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
            if self.jobs[name]["target"]["type"] == "index":
                wait_for(lambda: self.api.status(name)["documents"]["indexed"] > 0, timeout_s,
                         f"job {name} has written documents")

    def wait_state(self, name, state, *words, timeout_s=30):
        """Until the job is in this state, and its error holds these words; the status."""
        def reached():
            status = self.api.status(name)
            message = (status["error"] or {}).get("message", "")
            if status["state"] == state and all(word in message for word in words):
                return status
            raise AssertionError(f"status is {status}")
        return wait_for(reached, timeout_s, f"job {name} is {state}, with {words} in its error")

    def wait_no_lag(self, name, timeout_s=EQUAL_S):
        """Until what is committed by now is in the index, whatever other jobs do."""
        wait_for(lambda: self._is_live(name, 0), timeout_s, f"job {name} live without lag")

    def _is_live(self, name, parked):
        status = self.api.status(name)
        if status["state"] == "failed":
            raise JobFailed(f"job {name} failed: {status['error']}")
        loaded = (self.jobs[name]["target"]["type"] != "index"
                  or status["load"]["finished_at"] is not None)
        live = status["state"] == "live" and loaded
        if live and status["lag"]["changes"] == 0 and status["parked"] == parked:
            return True
        raise AssertionError(f"status is {status}")

    def expected(self, index=None):
        """What the index must hold, by the oracle."""
        index = index or self.index()
        jobs = [job for job in self.jobs.values() if job["target"]["index"] == index]
        return Oracle(jobs, self.sources).documents()

    def found(self, index=None):
        return read_index(self.opensearch, index or self.index())

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


    def follow(self, *statements):
        """Runs each, and after each everything must become equal; a list is one transaction."""
        for statement in statements:
            if isinstance(statement, str):
                self.run(statement)
            else:
                self.run_together(*statement)
            self.wait_until_equal()


def _answers(connection):
    """Whether the session is there: a driver learns of a restart by asking alone."""
    try:
        connection.cursor().execute("SELECT 1")
        return True
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return False


class JobFailed(BaseException):
    """A job is `failed`: waiting longer is of no use, so this passes through wait_for."""


class _Lazy:
    """Evaluated when iterated: the list of logs grows during a test."""

    def __init__(self, make):
        self._make = make

    def __iter__(self):
        return iter(self._make())

"""The database's disk is full: writers are refused by PostgreSQL itself, and the change log, which
lies on the same disk, cannot be rotated. When there is room again nothing was missed."""

import threading

import common
import psycopg2
import pytest
from common import wait_for
from psycopg2 import errors, sql
from small_disk import fill, make_room, mounted

SIZE = "120m"
TABLESPACE = "small_disk"
LOG_BYTES = 1 << 20  # after which the change log is rotated


@pytest.fixture
def small_disk(stage):
    """The stage's database lies on a file system of its own (root mounts it); the folder."""
    folder = common.scratch("disk")
    data = stage.postgres.data.stat()
    with mounted(folder, SIZE, data.st_uid, data.st_gid):
        yield from on_tablespace(stage, folder)
    folder.rmdir()


def on_tablespace(stage, folder):
    """The folder, while it is where the stage's database lies; in the end the database goes."""
    administrator = psycopg2.connect(**stage.postgres.connection_parameters())
    administrator.autocommit = True
    cursor = administrator.cursor()
    database = sql.Identifier(stage.database)
    cursor.execute(f"CREATE TABLESPACE {TABLESPACE} LOCATION '{folder}'")
    cursor.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(
        database, sql.Identifier(TABLESPACE)))
    yield folder
    make_room(folder)
    stage.syncline.end()
    stage.connection.close()
    cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
    stage.databases.remove((stage.postgres, stage.database))
    cursor.execute(f"DROP TABLESPACE {TABLESPACE}")
    administrator.close()


class Writer(threading.Thread):
    """Changes rows for ever, and goes on when there is no room."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.stopping = threading.Event()
        self.written = self.refused = 0
        self.error = None

    def run(self):
        session = self.stage.connect()
        cursor = session.cursor()
        try:
            while not self.stopping.is_set():
                try:
                    cursor.execute("UPDATE t SET n = n + 1, s = repeat(md5(n::text), 30)"
                                   " WHERE id %% 50 = %s", (self.written % 50,))
                    self.written += 1
                except errors.DiskFull:
                    self.refused += 1
                    self.stopping.wait(0.05)
        except psycopg2.Error as error:
            self.error = error
        finally:
            session.close()

    def stop(self):
        self.stopping.set()
        self.join(30)
        assert self.error is None, self.error


def log_sizes(stage):
    return [stage.run(f"SELECT pg_relation_size('syncline.log_{n}')")[0][0] for n in range(3)]


def truncation_failed(stage):
    """PostgreSQL's log tells of a rotation that met the full disk."""
    lines = stage.postgres.log_path.read_text(errors="replace").splitlines()
    return any("No space left on device" in line
               and any("truncate" in later for later in lines[n + 1:n + 5])
               for n, line in enumerate(lines))


def test_database_disk_full(stage, small_disk):
    stage.start()
    stage.run("CREATE TABLE t (id int PRIMARY KEY, n int, s text);"
              "INSERT INTO t SELECT n, 0, 'row' FROM generate_series(1, 2000) n")
    job = stage.add_job("t", ["id:integer", "n:integer", "s:text"])
    stage.wait_until_equal()
    # While the job is paused the log fills, and nothing of it may go.
    stage.command(job, "pause")
    writer = Writer(stage)
    writer.start()
    wait_for(lambda: min(sorted(log_sizes(stage))[1:]) >= LOG_BYTES, 90, "two full logs")
    fill(small_disk)
    wait_for(lambda: writer.refused > 3, 30, "writers feel it")
    # Now all of it may go, but for want of room it cannot.
    stage.command(job, "resume")
    wait_for(lambda: truncation_failed(stage), 60, "a rotation met the full disk")
    assert any(log_sizes(stage))
    stage.syncline.restart(kill=True)
    written = writer.written
    make_room(small_disk)
    wait_for(lambda: writer.written > written + 100, 30, "writers go on")
    writer.stop()
    stage.wait_until_equal()
    wait_for(lambda: sum(log_sizes(stage)) < 3 * LOG_BYTES, 30, "the log is rotated again")

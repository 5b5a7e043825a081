"""Words for tests of capture: a watched table, and waiting for what is noticed a moment later."""

import threading

import psycopg2
from common import wait_for
from stage import JobFailed

ENTRIES = ["id:integer", "s:text"]
NOTICED_S = 30  # it is noticed within seconds; the machine may be busy


def make_live(stage, rows=1000):
    """A loaded job on a table t (id, s)."""
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    stage.run("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, %s) n", (rows,))
    stage.job = stage.add_job("t", ENTRIES)
    stage.wait_until_equal()
    return stage


def wait_equal(stage, timeout_s=NOTICED_S):
    """Until index and tables are equal and all jobs live: what happened shows only in seconds."""
    def equal():
        try:
            stage.wait_live(1)
        except JobFailed as error:
            raise AssertionError(str(error)) from error  # for the moment
        stage.assert_index_equals_tables()
        return True
    wait_for(equal, timeout_s, "index and tables are equal", 0.2)


def started_at(stage):
    return stage.api.status(stage.job)["load"]["started_at"]


def wait_loaded_again(stage, since, timeout_s=NOTICED_S):
    wait_for(lambda: started_at(stage) != since, timeout_s, "it loads again", 0.1)
    wait_equal(stage, timeout_s)


def wait_failed(stage, word, timeout_s=NOTICED_S):
    def told():
        status = stage.api.status(stage.job)
        return status["state"] == "failed" and word in status["error"]["message"]
    wait_for(told, timeout_s, f"the job is failed and says {word}", 0.1)


class Writer(threading.Thread):
    """Runs statements one after the other, without rest; none of them may fail."""

    def __init__(self, stage, *statements):
        super().__init__(daemon=True)
        self.connection = stage.connect()
        self.statements = statements
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            with self.connection.cursor() as cursor:
                while not self.stopping.is_set():
                    for statement in self.statements:
                        cursor.execute(statement)
        except psycopg2.Error as error:
            self.failure = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stopping.set()
        self.join(30)
        self.connection.close()
        assert not self.failure, self.failure

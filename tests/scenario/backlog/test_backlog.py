"""A day's changes wait, since nobody followed them: they drain in bounded memory.

SYNCLINE_BACKLOG_KEYS says how many; a day's are ten million."""

import os

from common import wait_for

KEYS = int(os.environ.get("SYNCLINE_BACKLOG_KEYS", "300000"))
DRAIN_S = 60 + KEYS / 1000


def test_backlog(stage):
    rows = KEYS // 3
    stage.start()
    stage.run("CREATE TABLE t (id int PRIMARY KEY, n int, s text)")
    stage.run("INSERT INTO t SELECT n, 0, 'row ' || n FROM generate_series(1, %s) n", (rows,))
    job = stage.add_job("t", ["id:integer", "n:integer", "s:text"])
    stage.wait_live(DRAIN_S)
    stage.command(job, "pause")
    stage.run("UPDATE t SET n = n + 1")
    stage.run("UPDATE t SET s = s || '!' WHERE id % 3 > 0")
    stage.run("DELETE FROM t WHERE id % 3 = 1")
    stage.run("INSERT INTO t SELECT %s + n, 9, 'new' FROM generate_series(1, %s) n",
              (rows, rows))
    stage.syncline.restart()  # whose peak begins here
    wait_for(lambda: stage.api.status(job)["lag"]["changes"] >= min(KEYS, 1_000_000), DRAIN_S,
             "they are counted")
    stage.command(job, "resume")
    stage.wait_live(DRAIN_S)
    stage.syncline.assert_memory()
    stage.assert_index_equals_tables()

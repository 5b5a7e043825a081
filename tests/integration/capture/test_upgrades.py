"""A capture schema that an earlier release made goes on, with what is loaded."""

import concurrent.futures
import sqlite3
import threading

from common import wait_for
from watched import make_live, started_at

FORMAT_2 = """
    DROP TABLE syncline.mark, syncline.unlogged; DROP SEQUENCE syncline.home;
    CREATE SEQUENCE syncline.pulse MINVALUE 0 START 0;
    SELECT setval('syncline.pulse', 12);
    UPDATE syncline.fingerprint SET content =
      (content::text[] || concat_ws(' ', 'unlogged', 1, pg_postmaster_start_time()))::text;
    UPDATE syncline.instance SET format = 2"""


def forget_mark(data_dir):
    state = sqlite3.connect(data_dir / "state.db")
    with state:
        state.execute("UPDATE sources SET mark = '', next_mark = ''")
    state.close()


def test_a_schema_of_format_2(running):
    live = make_live(running)
    before = started_at(live)
    live.syncline.stop()
    live.run("SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';" + FORMAT_2)
    forget_mark(live.syncline.data_dir)
    live.run("UPDATE t SET s = 'meanwhile' WHERE id < 10")
    live.syncline.start()
    live.wait_until_equal()
    live.run("UPDATE t SET s = 'after' WHERE id < 5")
    live.wait_until_equal()
    assert started_at(live) == before
    assert live.run("SELECT format FROM syncline.instance") == [(3,)]
    live.delete_job(live.job)


def test_functions_of_an_earlier_release_while_writers_are_busy(running):
    """They are made anew at the start, and nothing is loaded again."""
    live = make_live(running)
    before = started_at(live)
    live.syncline.stop()
    function, = live.run("SELECT pg_get_functiondef('syncline.capture_1_row'::regproc)")[0]
    guard = 'pg_catalog.array_eq(ARRAY[NEW."id"], NULL::pg_catalog.int4[]) IS NULL'
    assert guard in function
    digest = ("SELECT md5(concat_ws(' ', prosrc, proconfig)) FROM pg_proc"
              " WHERE proname = 'capture_1_row'")
    digests = live.run(digest)[0]
    live.run(function.replace(guard, "true"))
    live.run("UPDATE syncline.fingerprint SET capture = replace(capture, %s, %s)",
             (*digests, *live.run(digest)[0]))
    live.run("UPDATE syncline.watch SET definition = 'of an earlier release'")
    ended = threading.Event()

    def write(first):
        session = live.connect()
        number = 0
        while not ended.is_set():
            number += 1
            session.cursor().execute(
                "UPDATE t SET s = %s WHERE id = %s; UPDATE t SET id = -id WHERE id IN (%s, %s)",
                (f"by {first}", first + number % 400, -first - number % 400,
                 first + number % 400))
        session.close()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, first) for first in (1, 501)]
        try:
            live.syncline.start()
            wait_for(lambda: guard in live.run(
                "SELECT prosrc FROM pg_proc WHERE proname = 'capture_1_row'")[0][0], 30,
                     "the function is made anew")
        finally:
            ended.set()
        for writer in writers:
            writer.result()
    live.wait_until_equal()
    assert started_at(live) == before

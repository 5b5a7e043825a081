"""A capture schema that an earlier release made goes on, with what is loaded."""

import sqlite3

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

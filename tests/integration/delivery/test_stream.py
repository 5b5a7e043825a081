"""Changes while a job is live: every way in which rows come, change and go."""

import io
import threading

import pytest
from common import wait_for


@pytest.fixture
def live(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text, n int)")
    running.run("INSERT INTO t SELECT n, 'row ' || n, n FROM generate_series(1, 100) n")
    running.job = running.add_job("t", ["id:integer", "s:text", "n:integer"])
    running.wait_until_equal()
    return running


def test_insert_update_delete(live):
    live.run("INSERT INTO t VALUES (101, 'new', 1)")
    live.wait_until_equal()
    live.run("UPDATE t SET s = 'changed' WHERE id = 101")
    live.wait_until_equal()
    live.run("DELETE FROM t WHERE id = 101")
    live.wait_until_equal()
    assert "101" not in live.found()


def test_insert_and_delete_in_one_transaction(live):
    session = live.connect(autocommit=False)
    cursor = session.cursor()
    cursor.execute("INSERT INTO t VALUES (500, 'never seen', 0)")
    cursor.execute("DELETE FROM t WHERE id = 500")
    cursor.execute("DELETE FROM t WHERE id = 1")
    cursor.execute("INSERT INTO t VALUES (1, 'back again', 0)")
    session.commit()
    session.close()
    live.wait_until_equal()
    assert live.found()["1"]["s"] == "back again"


def test_the_id_changes(live):
    live.run("UPDATE t SET id = id + 1000 WHERE id <= 10")
    live.wait_until_equal()
    # Every row takes the place of another one.
    live.run("ALTER TABLE t DROP CONSTRAINT t_pkey")
    live.run("ALTER TABLE t ADD PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED")
    live.run("UPDATE t SET id = 151 - id WHERE id BETWEEN 51 AND 100")
    live.wait_until_equal()


def test_an_id_becomes_null_and_comes_back(running):
    running.run("CREATE TABLE t (k int PRIMARY KEY, id int, s text)")
    running.run("INSERT INTO t SELECT n, n, 'x' FROM generate_series(1, 20) n")
    running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    running.run("UPDATE t SET id = NULL WHERE k <= 10")
    running.wait_until_equal()
    assert len(running.found()) == 10
    running.run("UPDATE t SET id = k, s = 'back' WHERE k <= 5")
    running.wait_until_equal()
    assert len(running.found()) == 15


def test_truncate(live):
    live.run("TRUNCATE t")
    live.wait_until_equal()
    assert live.found() == {}
    live.run("INSERT INTO t VALUES (1, 'after', 1)")
    live.wait_until_equal()


def test_truncate_and_fill_in_one_transaction(live):
    session = live.connect(autocommit=False)
    session.cursor().execute(
        "TRUNCATE t; INSERT INTO t SELECT n, 'fresh', n FROM generate_series(90, 120) n")
    session.commit()
    session.close()
    live.wait_until_equal()
    assert len(live.found()) == 31


def test_copy(live):
    text = "".join(f"{n}\tcopied\t\\N\n" for n in range(200, 5200))
    with live.connection.cursor() as cursor:
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO(text))
    live.wait_until_equal()
    assert len(live.found()) == 5100


def test_savepoints_and_rollbacks(live):
    session = live.connect(autocommit=False)
    cursor = session.cursor()
    cursor.execute("UPDATE t SET s = 'kept' WHERE id = 1")
    cursor.execute("SAVEPOINT a")
    cursor.execute("UPDATE t SET s = 'undone' WHERE id <= 50")
    cursor.execute("DELETE FROM t WHERE id > 90")
    cursor.execute("ROLLBACK TO a")
    cursor.execute("SAVEPOINT b")
    cursor.execute("UPDATE t SET s = 'kept too' WHERE id = 2")
    cursor.execute("RELEASE b")
    session.commit()
    cursor.execute("DELETE FROM t")
    session.rollback()
    session.close()
    live.wait_until_equal()
    found = live.found()
    assert len(found) == 100
    assert (found["1"]["s"], found["2"]["s"], found["3"]["s"]) == ("kept", "kept too", "row 3")


def test_a_transaction_with_a_low_txid_commits_late(live):
    """Sequence order is not commit order: a reader that looks only above the last misses this."""
    early = live.connect(autocommit=False)
    early.cursor().execute("UPDATE t SET s = 'early' WHERE id = 1")
    for round_number in range(5):
        live.run("UPDATE t SET s = %s WHERE id BETWEEN 2 AND 20", (f"round {round_number}",))
        live.wait_until_equal()
    assert live.found()["1"]["s"] == "row 1"
    early.commit()
    early.close()
    live.wait_until_equal()
    assert live.found()["1"]["s"] == "early"


def test_statements_of_many_rows(live):
    live.run("INSERT INTO t SELECT n, 'bulk', n FROM generate_series(1000, 20999) n")
    live.wait_until_equal()
    live.run("UPDATE t SET n = n + 1, s = s || '!'")
    live.run("DELETE FROM t WHERE id % 2 = 0")
    live.wait_until_equal()
    live.run("INSERT INTO t VALUES (3, 'conflict', 0), (4, 'no conflict', 0)"
             " ON CONFLICT (id) DO UPDATE SET s = excluded.s || ' solved'")
    live.run("MERGE INTO t USING (VALUES (5), (100000)) AS v (id) ON t.id = v.id"
             " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'merged', 0)")
    live.wait_until_equal()


def test_a_change_of_what_no_job_reads_writes_nothing(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text, unread int)")
    running.run("INSERT INTO t SELECT n, 'x', 0 FROM generate_series(1, 10) n")
    job = running.add_job("t", ["id:integer", "s:text"])
    running.wait_until_equal()
    before = running.api.status(job)["documents"]["indexed"]
    running.run("UPDATE t SET unread = unread + 1")
    running.run("UPDATE t SET s = s")
    running.wait_until_equal()
    assert running.api.status(job)["documents"]["indexed"] == before
    running.run("UPDATE t SET s = 'y' WHERE id = 1")
    running.wait_until_equal()
    assert running.api.status(job)["documents"]["indexed"] == before + 1


def test_lag_counts_what_is_committed_and_not_yet_in_the_index(live):
    """A document is readable by id as soon as the status says that nothing is waiting."""
    for round_number in range(50):
        live.run("UPDATE t SET s = %s WHERE id = 1", (f"round {round_number}",))
        wait_for(lambda: live.api.status(live.job)["lag"]["changes"] == 0, 30, "no lag", 0.002)
        document = live.opensearch.request("GET", f"/{live.index()}/_doc/1")
        assert document["_source"]["s"] == f"round {round_number}"


def test_a_plain_user_writes_without_any_grant_of_ours(live):
    """Writers need no privilege on the capture schema, whatever their search_path is."""
    role = f"writer_{live.unique}"
    live.run(f"CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}")
    try:
        session = live.connect()
        cursor = session.cursor()
        cursor.execute(f"SET ROLE {role}; SET search_path = ''")
        cursor.execute("UPDATE public.t SET s = 'by a stranger' WHERE id < 10")
        cursor.execute("DELETE FROM public.t WHERE id > 95")
        session.close()
        live.wait_until_equal()
    finally:
        live.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_the_table_can_be_altered_and_dumped_while_watched(live):
    live.run("ALTER TABLE t ADD COLUMN later int DEFAULT 5")
    live.run("UPDATE t SET s = 'after add' WHERE id = 1")
    live.run("ALTER TABLE t RENAME COLUMN later TO even_later")
    live.run("ALTER TABLE t DROP COLUMN even_later")
    live.run("UPDATE t SET s = 'after drop' WHERE id = 2")
    live.wait_until_equal()


def test_several_sessions_at_once_on_one_row(live):
    def writer(number):
        session = live.connect()
        cursor = session.cursor()
        for step in range(100):
            cursor.execute("UPDATE t SET n = n + 1, s = %s WHERE id = 1", (f"{number}/{step}",))
        session.close()

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live.wait_until_equal()
    assert live.found()["1"]["n"] == 401

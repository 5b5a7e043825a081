"""Publications that would hold our tables as well: a subscriber that lacks them stops replicating.

(Seen red without looking: no job was refused, and nothing was told.)"""

import contextlib

from common import wait_for
from psycopg2.extensions import make_dsn
from stage import SOURCE
from watched import ENTRIES, NOTICED_S, make_live, wait_failed


def warnings(stage):
    return stage.api.status(stage.job)["warnings"]


def publish(stage):
    stage.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a');"
              "CREATE PUBLICATION p FOR ALL TABLES")
    # In one cluster a subscription cannot make its slot: it would wait for itself.
    stage.slot = f"s_{stage.unique}"
    stage.run("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (stage.slot,))


@contextlib.contextmanager
def subscriber(stage):
    session = stage.connect(stage.new_database())
    dsn = make_dsn(**stage.postgres.connection_parameters(stage.database))
    cursor = session.cursor()
    cursor.execute("CREATE TABLE t (id int PRIMARY KEY, s text)")
    cursor.execute(f"CREATE SUBSCRIPTION {stage.slot} CONNECTION %s PUBLICATION p"
                   f" WITH (create_slot = false, slot_name = '{stage.slot}')", (dsn,))
    try:
        yield cursor
    finally:
        cursor.execute(f"DROP SUBSCRIPTION {stage.slot}")
        session.close()


def test_a_publication_of_all_tables_with_a_subscriber(running):
    publish(running)
    with subscriber(running) as replica:
        running.job = running.add_job("t", ENTRIES)
        wait_failed(running, f"publication p would hold the tables of schema \"syncline\"")
        error = running.api.status(running.job)["error"]["message"]
        assert running.slot in error and "publish_all_tables_ok" in error
        running.run("INSERT INTO t VALUES (2, 'b')")

        def replicated():
            replica.execute("SELECT count(*) FROM t")
            return replica.fetchone() == (2,)
        wait_for(replicated, 30, "the user's replication goes on")
        assert not running.run("SELECT 1 FROM pg_namespace WHERE nspname = 'syncline'")
    # Nobody subscribes any more.
    wait_for(lambda: running.api.status(running.job)["state"] == "live", 70, "it is live")
    running.wait_until_equal()
    wait_for(lambda: len(warnings(running)) == 1, NOTICED_S, "there is a warning")
    assert "publication p holds the tables" in warnings(running)[0]
    running.run("DROP PUBLICATION p")
    wait_for(lambda: warnings(running) == [], NOTICED_S, "the warning is gone")


def test_a_subscriber_that_can_bear_our_tables(running):
    publish(running)
    try:
        running.job = running.add_job("t", ENTRIES)
        wait_failed(running, "publish_all_tables_ok")
        body = running.source_body(publish_all_tables_ok=True)
        assert running.api.put(f"/sources/{SOURCE}", body).status_code == 200
        found = running.api.get(f"/sources/{SOURCE}").json()
        assert found["config"]["publish_all_tables_ok"] is True
        wait_for(lambda: running.api.status(running.job)["state"] == "live", 30, "it is live")
        running.run("UPDATE t SET s = 'c'")
        running.wait_until_equal()
        assert warnings(running) == []
    finally:
        running.run("SELECT pg_drop_replication_slot(%s)", (running.slot,))


def test_a_publication_that_is_made_later(running):
    """It refuses no statement of ours either."""
    make_live(running, rows=50)
    assert warnings(running) == []
    for publication in ("FOR ALL TABLES", "FOR TABLES IN SCHEMA syncline"):
        running.run(f"CREATE PUBLICATION p {publication}")
        wait_for(lambda: len(warnings(running)) == 1, NOTICED_S, "there is a warning")
        running.run(f"UPDATE t SET s = '{publication}'")
        running.wait_until_equal()
        running.run("DROP PUBLICATION p")
        wait_for(lambda: warnings(running) == [], NOTICED_S, "the warning is gone")

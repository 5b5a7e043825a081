"""Tables that a logical replication fills: its worker fires triggers only if they are enabled
ALWAYS, and statement triggers never. All were seen red without ENABLE ALWAYS, and the first two
with the triggers of a plain table."""

import pytest
from common import wait_for
from psycopg2.extensions import make_dsn
from watched import ENTRIES, wait_equal


class Subscription:
    """Fills the table t of a stage's database from that of another database."""

    def __init__(self, stage):
        self.stage = stage
        self.name = f"s_{stage.unique}"
        self.publisher = stage.new_database()
        self.run("CREATE TABLE t (id int PRIMARY KEY, s text); CREATE PUBLICATION p FOR TABLE t;"
                 " INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 200) n")
        # In one cluster a subscription cannot make its slot: it would wait for itself.
        self.run(f"SELECT pg_create_logical_replication_slot('{self.name}', 'pgoutput')")

    def run(self, statement):
        connection = self.stage.connect(self.publisher)
        connection.cursor().execute(statement)
        connection.close()

    def subscribe(self):
        dsn = make_dsn(**self.stage.postgres.connection_parameters(self.publisher))
        self.stage.run(f"CREATE SUBSCRIPTION {self.name} CONNECTION %s PUBLICATION p"
                       f" WITH (create_slot = false, slot_name = '{self.name}')", (dsn,))
        self.wait_same()

    def rows(self, database):
        connection = self.stage.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM t ORDER BY id")
                return cursor.fetchall()
        finally:
            connection.close()

    def wait_same(self):
        wait_for(lambda: self.rows(self.publisher) == self.rows(self.stage.database), 30,
                 "it is replicated")

    def change(self, *statements):
        for statement in statements:
            self.run(statement)
        self.wait_same()

    def drop(self):
        self.stage.run(f"DROP SUBSCRIPTION IF EXISTS {self.name}")


CHANGES = ["UPDATE t SET s = 'replicated' WHERE id < 50",
           "DELETE FROM t WHERE id BETWEEN 60 AND 80",
           "UPDATE t SET id = id + 1000 WHERE id BETWEEN 90 AND 95",
           "INSERT INTO t SELECT n, 'new' FROM generate_series(300, 340) n"]


@pytest.fixture
def subscription(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text)")
    subscription = Subscription(running)
    yield subscription
    subscription.drop()


def test_a_table_filled_by_a_subscription(running, subscription):
    subscription.subscribe()
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    subscription.change(*CHANGES)
    running.wait_until_equal()
    assert running.api.status(running.job)["warnings"] == []
    running.run("UPDATE t SET s = 'of our own' WHERE id < 10")
    running.wait_until_equal()
    subscription.change("TRUNCATE t")
    running.wait_until_equal()
    assert running.found() == {}


def test_a_partitioned_table_filled_by_a_subscription(running, subscription):
    running.run("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, s text) PARTITION BY RANGE (id);"
                " CREATE TABLE t_0 PARTITION OF t FOR VALUES FROM (0) TO (100);"
                " CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (100) TO (10000)")
    subscription.subscribe()
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    subscription.change(*CHANGES)
    running.wait_until_equal()


def test_a_table_that_becomes_a_subscriber(running, subscription):
    running.job = running.add_job("t", ENTRIES)
    running.wait_until_equal()
    subscription.subscribe()
    subscription.change(*CHANGES)
    wait_equal(running)
    subscription.change("UPDATE t SET s = 'and on'")
    running.wait_until_equal()


def test_a_subscriber_that_is_not_ours_gets_a_warning(running, subscription):
    role = f"least_{running.unique}"
    running.run(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT SELECT, TRIGGER ON t TO {role};"
                f" GRANT CREATE ON DATABASE {running.database} TO {role}")
    try:
        subscription.subscribe()
        body = running.source_body("least")
        body["config"].update(user=role, password="secret")
        running.api.create("sources", body)
        running.job = running.add_job("t", ENTRIES, source="least")
        running.wait_until_equal()
        warnings = running.api.status(running.job)["warnings"]
        assert len(warnings) == 1 and "OWNER TO" in warnings[0]
        running.run(f"ALTER TABLE t OWNER TO {role}")
        wait_for(lambda: running.api.status(running.job)["warnings"] == [], 30, "it is put right")
        subscription.change("UPDATE t SET s = 'captured now' WHERE id < 10")
        wait_equal(running)
        running.api.delete(f"/jobs/{running.job}")
        wait_for(lambda: not running.run("SELECT 1 FROM pg_namespace WHERE nspname = 'syncline'"),
                 30, "the schema is gone")
    finally:
        running.syncline.stop()
        running.run(f"ALTER TABLE t OWNER TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}")
